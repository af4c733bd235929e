"""What can be done to a target: one fault a file. `chaos.experiment` lists them."""
