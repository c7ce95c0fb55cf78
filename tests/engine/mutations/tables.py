"""Every break of the program."""

from tests.engine.mutations import cluster, dragonfly, image, mirrors, nydus, switching

MUTATIONS = [
    *image.MUTATIONS,
    *cluster.MUTATIONS,
    *dragonfly.MUTATIONS,
    *nydus.MUTATIONS,
    *switching.MUTATIONS,
    *mirrors.MUTATIONS,
]
