"""Templates: what their language allows, how long they can become, and who keeps them."""
