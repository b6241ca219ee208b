import type { ButtonHTMLAttributes } from 'react'

type Look = 'plain' | 'primary' | 'quiet' | 'danger'

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look
  small?: boolean
}

export function buttonClass(look: Look = 'plain', small = false): string {
  return ['button', look === 'plain' ? '' : `button-${look}`, small ? 'button-small' : '']
    .filter(Boolean)
    .join(' ')
}

export function Button({ look = 'plain', small = false, type = 'button', ...rest }: Props) {
  return <button {...rest} type={type} className={buttonClass(look, small)} />
}
