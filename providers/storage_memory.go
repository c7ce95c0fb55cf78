package main

import (
	"slices"
	"sync"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

const homeToken tokens.Type = "hero-home:provider:Home"

// storageMemory is what the plugin knows of this run of the engine when a storage is to be deleted: whether the config
// gives foreign images up, and where the stack's images are now.
type storageMemory struct {
	lock    sync.Mutex
	program bool
	discard bool
	current *homeInputs
	// pushed is what a guard knew that is replaced in this run.
	pushed []string
	// created are the inputs of a guard that this run has created.
	created *storageGuardInputs
}

// remember takes the inputs that the program registers, before anything is changed or deleted.
func (m *storageMemory) remember(token tokens.Type, news resource.PropertyMap) {
	inputs, err := decode[homeInputs](news)
	if err != nil {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.program = true
	m.discard = m.discard || inputs.Discard
	if token == homeToken {
		m.current = &inputs
	}
}

// guard notes that this run has created a guard with these inputs.
func (m *storageMemory) guard(inputs storageGuardInputs) {
	if m == nil {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.created = &inputs
}

// guarded returns the inputs of the guard that this run has created; nil where it has created none.
func (m *storageMemory) guarded() *storageGuardInputs {
	if m == nil {
		return nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.created
}

// allowDataLoss notes that the stack's guard has the key which gives foreign images up.
func (m *storageMemory) allowDataLoss() {
	if m == nil {
		return
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.discard = true
}

// command is the one that runs now: without a program, the engine only deletes.
func (m *storageMemory) command() string {
	if m == nil {
		return "destroy"
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.program {
		return "up"
	}
	return "destroy"
}

// handOver keeps what a guard knows for the one that takes its place; without digests it returns what was kept.
func (m *storageMemory) handOver(digests []string) []string {
	if m == nil {
		return nil
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.pushed = union(m.pushed, digests)
	return m.pushed
}

func (m *storageMemory) mayDiscard() bool {
	if m == nil {
		return false
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.discard
}

// notSaved leaves out the images that the stack's current registry holds too: a move has copied them. Only those of the
// stack's own repository are copied, and they keep their tags. Without a program, as in a destroy, everything goes.
func (m *storageMemory) notSaved(call call, images []foreignImage, pushed pushedImages) []foreignImage {
	if m == nil {
		return images
	}
	m.lock.Lock()
	current := m.current
	m.lock.Unlock()
	if current == nil {
		return images
	}
	there, err := newRepository(call, current.access)
	if err != nil {
		return images
	}
	return slices.DeleteFunc(images, func(each foreignImage) bool {
		_, copied := pushed.Tags[each.repository]
		return copied && there.holds(each)
	})
}

// holds is true where the repository has the image, and under its tag where it has one.
func (r *repository) holds(image foreignImage) bool {
	var wanted name.Reference = r.name.Digest(image.digest)
	if image.tag != "" {
		wanted = r.name.Tag(image.tag)
	}
	found, err := r.head(wanted, r.options...)
	return isWithheld(err) || err == nil && found.Digest.String() == image.digest
}
