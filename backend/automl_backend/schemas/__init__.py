"""Models of requests and answers: what the API promises, apart from what is stored."""
