"""What several experiments need and the tool does not: databases, nodes, the course whose questions they answer."""
