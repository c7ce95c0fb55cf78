package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// What `docker save`, `ctr image export` and `podman save` write.
var dockerArchives = map[string]func(t *testing.T) onDisk{
	"docker 24 save": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "hero:v1"))
		return asManifestJSON(t, made.writeTar(t))
	},
	"docker 24 save, two tags": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "hero:v1", "hero:latest"))
		return asManifestJSON(t, made.writeTar(t))
	},
	"docker 24 save, two images": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "hero:v1"),
			made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "villain:v1"))
		return refusedWith("more than one image", "hero:v1, villain:v1")(t, made.writeTar(t))
	},
	"docker 25 save": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := ociFiles(t, image).named(t, savedBlobs(t, image, "hero:v1"))
		return asManifestJSON(t, made.indexed(t, entry(t, image, refName, "v1")).writeTar(t))
	},
	"docker 25 save, two tags": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		made := ociFiles(t, image).named(t, savedBlobs(t, image, "hero:v1", "hero:latest"))
		return asManifestJSON(t, made.indexed(t, entry(t, image, refName, "v1"), entry(t, image, refName, "latest")).writeTar(t))
	},
	"docker save of containerd, several platforms": func(t *testing.T) onDisk {
		amd64 := ociImageFor(t, "linux/amd64")
		index := ociIndexOf(t, amd64, ociImageFor(t, "linux/arm64"), anAttestation(t))
		made := ociFiles(t, index).named(t, savedBlobs(t, amd64, "hero:v1"))
		return pushedAs(index)(t, made.indexed(t, entry(t, index, containerdName, "docker.io/library/hero:v1")).writeTar(t))
	},
	"docker save of containerd, with provenance": func(t *testing.T) onDisk {
		amd64 := ociImageFor(t, "linux/amd64")
		index := ociIndexOf(t, amd64, anAttestation(t))
		return asManifestJSON(t, ociFiles(t, index).named(t, savedBlobs(t, amd64, "hero:v1")).indexed(t, entry(t, index)).writeTar(t))
	},
	"docker save of containerd, one platform pulled": func(t *testing.T) onDisk {
		amd64 := ociImageFor(t, "linux/amd64")
		index := ociIndexOf(t, amd64, ociImageFor(t, "linux/arm64"))
		made := ociFiles(t, amd64).named(t, savedBlobs(t, amd64, "hero:v1")).indexed(t, entry(t, index))
		raw, err := index.RawManifest()
		must(t, err)
		made.put(t, raw)
		return asManifestJSON(t, made.writeTar(t))
	},
	"docker save of containerd, two of three platforms pulled": func(t *testing.T) onDisk {
		amd64, arm64, riscv := ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64"), ociImageFor(t, "linux/riscv64")
		index := ociIndexOf(t, amd64, arm64, riscv)
		made := ociFiles(t, index).named(t, savedBlobs(t, amd64, "hero:v1")).indexed(t, entry(t, index))
		layers, err := riscv.Layers()
		must(t, err)
		made.without(digestOf(t, layers[0]).Hex)
		return refusedWith("some of its platforms are missing", "linux/riscv64")(t, made.writeTar(t))
	},
	"docker save, zstd layers": func(t *testing.T) onDisk {
		layer, err := random.Layer(300, types.OCILayer)
		must(t, err)
		compressed, err := tarballLayer(zstdOf(t, uncompressedOf(t, layer)), types.OCILayerZStd)
		must(t, err)
		image, err := mutate.AppendLayers(ociImageFor(t, "linux/amd64"), compressed)
		must(t, err)
		return pushedAs(image)(t, ociFiles(t, image).named(t, savedBlobs(t, image, "hero:v1")).indexed(t, entry(t, image)).writeTar(t))
	},
	"docker save | gzip": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "hero:v1"))
		return onDisk{path: writeFile(t, gzipOf(t, made.tar(t))), digest: asManifestJSON(t, made.writeTar(t)).digest}
	},
	"docker save | zstd": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath, "hero:v1"))
		return onDisk{path: writeFile(t, zstdOf(t, made.tar(t))), digest: asManifestJSON(t, made.writeTar(t)).digest}
	},
	"docker save | xz": func(t *testing.T) onDisk {
		return refusedWith("compressed with xz", "xz --decompress")(t, writeFile(t, []byte("\xfd7zXZ\x00more")))
	},
	"docker save, truncated": func(t *testing.T) onDisk {
		made := files{}
		whole := made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath)).tar(t)
		return refusedWith("the file is truncated")(t, writeFile(t, whole[:len(whole)/2+7]))
	},
	"docker save | gzip, truncated": func(t *testing.T) onDisk {
		made := files{}
		whole := gzipOf(t, made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath)).tar(t))
		return refusedWith("the file is truncated")(t, writeFile(t, whole[:len(whole)/2]))
	},
	"docker save, half a manifest.json": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), layerPath))
		made["manifest.json"] = made["manifest.json"][:20]
		return refusedWith("manifest.json is not valid JSON")(t, made.writeTar(t))
	},
	"docker save, a changed layer": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), func(string) string { return "layer.tar" }))
		return refusedWith("layer.tar has the digest")(t, made.writeTar(t))
	},
	"docker save, a layer is missing": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), func(hex string) string { return hex[:1] + "/layer.tar" }))
		for name := range made {
			if strings.HasSuffix(name, "layer.tar") {
				delete(made, name)
			}
		}
		return refusedWith("layer.tar is missing")(t, made.writeTar(t))
	},
	"docker export": func(t *testing.T) onDisk {
		return refusedWith("neither manifest.json nor index.json")(t, files{"etc/passwd": []byte("root")}.writeTar(t))
	},
	"a text": func(t *testing.T) onDisk {
		return refusedWith("not a tar archive")(t, writeFile(t, []byte(strings.Repeat("no archive\n", 100))))
	},
	"ctr image export": func(t *testing.T) onDisk {
		amd64 := ociImageFor(t, "linux/amd64")
		index := ociIndexOf(t, amd64, ociImageFor(t, "linux/arm64"))
		made := ociFiles(t, index).named(t, savedBlobs(t, amd64, "hero:v1"))
		return pushedAs(index)(t, made.indexed(t, entry(t, index, containerdName, "example.com/hero:v1", refName, "v1")).writeTar(t))
	},
	"ctr image export --skip-manifest-json": func(t *testing.T) onDisk {
		image := ociImageFor(t, "linux/amd64")
		return pushedAs(image)(t, ociFiles(t, image).indexed(t, entry(t, image, refName, "v1")).writeTar(t))
	},
	"ctr image export, two images": func(t *testing.T) onDisk {
		one, other := ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/amd64")
		made := ociFiles(t, one, other).indexed(t, entry(t, one, containerdName, "a:1"), entry(t, other, containerdName, "b:1"))
		return refusedWith("more than one image", "a:1", "b:1", "skopeo copy oci-archive:")(t, made.writeTar(t))
	},
	"ctr image export, two images and one of another platform": func(t *testing.T) onDisk {
		amd64, arm64 := ociImageFor(t, "linux/amd64"), ociImageFor(t, "linux/arm64")
		index := ociIndexOf(t, arm64)
		made := ociFiles(t, amd64, index).named(t, savedBlobs(t, amd64, "a:1"))
		made.indexed(t, entry(t, amd64, containerdName, "a:1"), entry(t, index, containerdName, "b:1"))
		return refusedWith("more than one image", "a:1", "b:1")(t, made.writeTar(t))
	},
	"docker save | gzip, a few bytes of it": func(t *testing.T) onDisk {
		return refusedWith("the file is truncated")(t, writeFile(t, gzipOf(t, []byte("a"))[:5]))
	},
	"podman save": func(t *testing.T) onDisk {
		made := files{"repositories": []byte("{}")}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), hexPath, "localhost/hero:v1"))
		for name := range made {
			if hex, found := strings.CutSuffix(name, ".tar"); found {
				made[hex+"/layer.tar"] = []byte("link:../" + name)
			}
		}
		return asManifestJSON(t, made.writeTar(t))
	},
	"podman save --compress": func(t *testing.T) onDisk {
		made := files{}
		made.named(t, made.savedPlain(t, ociImageFor(t, "linux/amd64"), hexPath, "localhost/hero:v1"))
		return onDisk{path: writeFile(t, gzipOf(t, made.tar(t))), digest: asManifestJSON(t, made.writeTar(t)).digest}
	},
	"kaniko --tar-path": func(t *testing.T) onDisk {
		return onDisk{}.tarball(t, "registry.example.com/hero:v1")
	},
	"ko build --tarball": func(t *testing.T) onDisk {
		return onDisk{}.tarball(t, "ko.local/hero-0123456789abcdef:latest")
	},
	"crane pull": func(t *testing.T) onDisk {
		return onDisk{}.tarball(t, "example.com/hero:i-was-a-digest")
	},
}

// tarball is what kaniko, ko and crane write, all with the same library.
func (onDisk) tarball(t *testing.T, tag string) onDisk {
	t.Helper()
	reference, err := name.NewTag(tag)
	must(t, err)
	path := filepath.Join(t.TempDir(), "image.tar")
	must(t, tarball.WriteToFile(path, reference, ociImageFor(t, "linux/amd64")))
	return asManifestJSON(t, path)
}
