"""How a function's input and result are encoded."""
JSON = 'json'
BINARY = 'binary'
