// Before the first paint, so that a chosen theme does not flash; blocking and tiny for that.
try {
  const theme = localStorage.getItem('theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}
