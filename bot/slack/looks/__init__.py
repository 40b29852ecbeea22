"""What messages and forms look like: Slack's blocks, rich text and pictures, for whatever room shows them."""
