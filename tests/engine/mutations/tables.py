"""Every break of the program."""

from tests.engine.mutations import cluster, dragonfly, image, nydus, switching

MUTATIONS = [
    *image.MUTATIONS,
    *cluster.MUTATIONS,
    *dragonfly.MUTATIONS,
    *nydus.MUTATIONS,
    *switching.MUTATIONS,
]
