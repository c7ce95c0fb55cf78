package main

import (
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// What the tools write that know OCI image layouts.
var ociLayouts = map[string]func(t *testing.T) onDisk{
	"skopeo copy oci:": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		return pushedAs(image)(t, ociFiles(t, image).indexed(t, entry(t, image)).writeLayout(t))
	},
	"skopeo copy oci::v1": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		return pushedAs(image)(t, ociFiles(t, image).indexed(t, entry(t, image, refName, "v1")).writeLayout(t))
	},
	"skopeo copy, two names of one image": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := ociFiles(t, image).indexed(t, entry(t, image, refName, "v1"), entry(t, image, refName, "latest"))
		return pushedAs(image)(t, made.writeLayout(t))
	},
	"skopeo copy, two images": func(t *testing.T) onDisk {
		one, other := ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/amd64")
		made := ociFiles(t, one, other).indexed(t, entry(t, one, refName, "v1"), entry(t, other, refName, "v2"))
		return refusedWith("more than one image", "v1", "v2", digestOf(t, one).String(), "skopeo copy oci:")(t, made.writeLayout(t))
	},
	"skopeo copy oci-archive:": func(t *testing.T) onDisk {
		index := ociIndexOf(t, ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64"))
		return pushedAs(index)(t, ociFiles(t, index).indexed(t, entry(t, index, refName, "v1")).writeTar(t))
	},
	"podman save --format oci-archive": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		return pushedAs(image)(t, ociFiles(t, image).indexed(t, entry(t, image, refName, "localhost/hero:v1")).writeTar(t))
	},
	"buildx --output type=oci": func(t *testing.T) onDisk {
		index := ociIndexOf(t, ociImageFor(t, "linux/amd64"), anAttestation(t))
		made := ociFiles(t, index).indexed(t, entry(t, index, "org.opencontainers.image.created", "2026-11-30T00:00:00Z"))
		return pushedAs(index)(t, made.writeTar(t))
	},
	"buildx --output type=oci,tar=false": func(t *testing.T) onDisk {
		index := ociIndexOf(t, ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64"), anAttestation(t), anAttestation(t))
		return pushedAs(index)(t, ociFiles(t, index).indexed(t, entry(t, index, refName, "latest")).writeLayout(t))
	},
	"buildx --output type=oci, compressed": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		whole := ociFiles(t, image).indexed(t, entry(t, image)).tar(t)
		return pushedAs(image)(t, writeFile(t, zstdOf(t, whole)))
	},
	"tar of a layout, with ./ before each name": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := files{}
		for name, content := range ociFiles(t, image).indexed(t, entry(t, image)) {
			made["./"+name] = content
		}
		return pushedAs(image)(t, made.writeTar(t))
	},
	"crane pull --format oci, one image by two names": func(t *testing.T) onDisk {
		index := ociIndexOf(t, ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64"))
		return pushedAs(index)(t, ociFiles(t, index).indexed(t, entry(t, index), entry(t, index)).writeLayout(t))
	},
	"crane pull --format oci, two images": func(t *testing.T) onDisk {
		one, other := ociIndexOf(t, ociImageFor(t, "linux/amd64")), ociImageFor(t, "linux/amd64")
		made := ociFiles(t, one, other).indexed(t, entry(t, one), entry(t, other))
		return refusedWith("more than one image", digestOf(t, one).String(), digestOf(t, other).String())(t, made.writeLayout(t))
	},
	"oras copy --recursive --to-oci-layout": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		sbom := referrerTo(t, image)
		made := ociFiles(t, image, sbom).indexed(t, entry(t, sbom), entry(t, image, refName, "v1"))
		return pushedAs(image)(t, made.writeLayout(t))
	},
	"oras copy --to-oci-layout, an index and what it names": func(t *testing.T) onDisk {
		amd64, arm64 := ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64")
		index := ociIndexOf(t, amd64, arm64)
		made := ociFiles(t, index).indexed(t, entry(t, amd64), entry(t, arm64), entry(t, index, refName, "v1"))
		return pushedAs(index)(t, made.writeLayout(t))
	},
	"oras copy of a Helm chart": func(t *testing.T) onDisk {
		chart := mutate.ConfigMediaType(cosignSignature(t), "application/vnd.cncf.helm.config.v1+json")
		made := ociFiles(t, chart).indexed(t, entry(t, chart, refName, "1.0.0"))
		return refusedWith("no container image", "1.0.0")(t, made.writeLayout(t))
	},
	"cosign save": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		signature, attestation := cosignSignature(t), cosignSignature(t)
		made := ociFiles(t, image, signature, attestation).indexed(t,
			entry(t, image, "kind", "dev.cosignproject.cosign/image"),
			entry(t, signature, "kind", "dev.cosignproject.cosign/sigs"),
			entry(t, attestation, "kind", "dev.cosignproject.cosign/atts"))
		return pushedAs(image)(t, made.writeLayout(t))
	},
	"kaniko --oci-layout-path": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		return pushedAs(image)(t, ociFiles(t, image).indexed(t, entry(t, image)).writeLayout(t))
	},
	"ko build --oci-layout-path": func(t *testing.T) onDisk {
		index := ociIndexOf(t, ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64"))
		return pushedAs(index)(t, ociFiles(t, index).indexed(t, entry(t, index)).writeLayout(t))
	},
	"ko build --oci-layout-path, twice": func(t *testing.T) onDisk {
		first, second := ociIndexOf(t, ociImageFor(t, "linux/amd64")), ociIndexOf(t, ociImageFor(t, "linux/amd64"))
		made := ociFiles(t, first, second).indexed(t, entry(t, first), entry(t, second))
		return refusedWith("more than one image")(t, made.writeLayout(t))
	},
	"an index.json that is the index": func(t *testing.T) onDisk {
		index := ociIndexOf(t, ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64"), anAttestation(t))
		made := ociFiles(t, index)
		raw, err := index.RawManifest()
		must(t, err)
		made["index.json"] = raw
		return pushedAs(index)(t, made.writeLayout(t))
	},
	"half an index.json": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := ociFiles(t, image).indexed(t, entry(t, image))
		made["index.json"] = made["index.json"][:len(made["index.json"])/2]
		return refusedWith("index.json: not valid JSON")(t, made.writeLayout(t))
	},
	"an index.json without entries": func(t *testing.T) onDisk {
		return refusedWith("no container image", "index.json names nothing")(t, files{}.indexed(t).writeLayout(t))
	},
	"a platform that was not copied": func(t *testing.T) onDisk {
		amd64, arm64 := ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64")
		index := ociIndexOf(t, amd64, arm64)
		made := ociFiles(t, index).without(digestOf(t, arm64).Hex).indexed(t, entry(t, index))
		return refusedWith("linux/arm64", "is missing")(t, made.writeLayout(t))
	},
	"a truncated blob": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := ociFiles(t, image).indexed(t, entry(t, image))
		layers, err := image.Layers()
		must(t, err)
		hex := digestOf(t, layers[1]).Hex
		made["blobs/sha256/"+hex] = made["blobs/sha256/"+hex][:50]
		return refusedWith(hex, "has 50 bytes instead of")(t, made.writeLayout(t))
	},
	"a blob with changed bytes": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := ociFiles(t, image).indexed(t, entry(t, image))
		layers, err := image.Layers()
		must(t, err)
		hex := digestOf(t, layers[1]).Hex
		made["blobs/sha256/"+hex][20] ^= 1
		return refusedWith("the content of sha256:"+hex)(t, made.writeLayout(t))
	},
}
