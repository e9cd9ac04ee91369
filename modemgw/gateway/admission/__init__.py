"""What is asked for becomes a message, or a reason why not: rules in an order, a file each."""
