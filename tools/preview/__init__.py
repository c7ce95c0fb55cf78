"""What a preview would do, as a report that a pull request's comment can hold: read, masked, rendered."""
