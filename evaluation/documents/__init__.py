"""What an evaluation says, as typed documents, checked field by field when they are read."""
