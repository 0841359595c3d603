"""One module per provider; the registry finds them here. Siblings never import each other."""
