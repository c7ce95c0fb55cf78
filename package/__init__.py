"""Hero's home as a component of a Pulumi package, which programs in any of Pulumi's languages can take."""
