"""What any store guarantees: its nouns, their verbs and what they tell, a file each."""
