"""What is measured on: the data pack's labelled people, faces and scenes, and how the shipped networks answer them."""
