"""What users are told of without looking: which events, in which words, and how it reaches them."""
