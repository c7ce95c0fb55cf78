"""What is planted in a cluster, whichever registry it is for."""
