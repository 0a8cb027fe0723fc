"""Domain: frozen values and pure rules, without I/O."""
