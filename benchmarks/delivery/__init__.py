"""How fast records are delivered, against the same requests sent by nothing but a loop."""
