package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// home remembers where everything lives, and with which login one gets there. Where the stack has chosen another
// registry, it brings everything along from the old one, which the engine takes down only after that.
type home struct{}

type homeInputs struct {
	access
	// Registry is the choice, by its name in config: another one means that the images move.
	Registry string `json:"registry"`
	// Tags are those that the stack gives, and can give again; all others are somebody else's.
	Tags []string `json:"tags"`
	// KeepsImages tells of a registry whose images outlive it.
	KeepsImages bool `json:"keepsImages"`
	// Copy is all, current (what Tags lead to) or none.
	Copy string `json:"copy"`
	// Discard lets go of images that are nowhere else.
	Discard bool `json:"discard"`
	// Directory is the embedded registry's, and empty for any other.
	Directory string `json:"directory"`
	// Mirrors are the choices, by their names in config, that the stack has too.
	Mirrors []string `json:"mirrors"`
}

// homeState is what the engine keeps of it.
type homeState struct {
	homeInputs
	// Before are the tags that were the stack's before these. They still are while the image that was to get these has
	// never come.
	Before []string `json:"before"`
}

func (home) check(news resource.PropertyMap) (resource.PropertyMap, []plugin.CheckFailure, error) {
	return news, nil, nil
}

func (home) diff(olds, news resource.PropertyMap) (plugin.DiffResult, error) {
	return difference(changedKeys(olds, news)), nil
}

// create brings nothing along: before it there was no home.
func (home) create(call call, news resource.PropertyMap) (resource.PropertyMap, error) {
	if call.preview {
		return news, nil
	}
	inputs, err := decode[homeInputs](news)
	if err != nil {
		return nil, err
	}
	return inputs.settle(homeState{})
}

func (home) read(_ call, olds resource.PropertyMap) (resource.PropertyMap, error) {
	return olds, nil
}

func (home) update(call call, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	old, err := decode[homeState](olds)
	if err != nil {
		return nil, err
	}
	wanted, err := decode[homeInputs](news)
	if err != nil {
		return nil, err
	}
	if old.Registry != wanted.Registry {
		if err := old.moveTo(call, wanted); err != nil {
			return nil, fmt.Errorf("%w. Nothing of %s has been taken away, and it is still Hero's home", err, old.Repository)
		}
	}
	if call.preview {
		return news, nil
	}
	return wanted.settle(old)
}

func (h homeInputs) settle(old homeState) (resource.PropertyMap, error) {
	before := old.Before
	if !slices.Equal(old.Tags, h.Tags) {
		before = old.Tags
	}
	return encode(homeState{homeInputs: h, Before: before}, accessSecrets...)
}

// remove refuses to be the last that is heard of images which no `up` can make again.
func (home) remove(call call, olds resource.PropertyMap) error {
	state, err := decode[homeState](olds)
	if err != nil || state.KeepsImages || state.Discard || call.storages.mayDiscard() {
		return err
	}
	if state.Directory != "" {
		// Its own resource reads the disk.
		return nil
	}
	tags, err := state.listTags(call)
	if err != nil {
		call.progress.warning("nobody has looked whether %s has images of somebody else: %v", state.Repository, err)
		return nil
	}
	// A signature goes with what it is of.
	tags = slices.DeleteFunc(tags, cosignTag.MatchString)
	if lost := without(tags, state.own(tags)); len(lost) > 0 {
		return state.wouldLose(call, lost, "Copy what is still needed")
	}
	return nil
}

// moveTo copies what is to come along, once it is sure that nothing gets lost. A preview says what that would be.
func (h homeInputs) moveTo(call call, wanted homeInputs) error {
	source, done, err := h.openSource(call)
	if err != nil {
		return err
	}
	defer done()
	held, err := h.contents(source)
	if err != nil {
		if wanted.Copy == "none" && wanted.Discard {
			call.progress.warning("%s cannot be read, and nothing is copied from it: %v", h.Repository, err)
			return nil
		}
		if call.preview {
			// Who previews may be on another machine.
			call.progress.warning("Hero moves from %s to %s. What is there to copy is not known here: %s cannot be read: %v",
				h.Registry, wanted.Registry, h.Repository, err)
			return nil
		}
		return fmt.Errorf("what lives in %s cannot be read, and so it cannot be brought along: %w; where it is gone for good, "+
			"hero:switch with copy: none and discard: true goes on without it", h.Repository, err)
	}
	taken := h.taken(held, wanted.Copy)
	lost := without(held.tagNames(), taken.tagNames())
	if len(lost) > 0 && !h.KeepsImages && !h.staysWith(wanted) && !wanted.Discard {
		return h.wouldLose(call, lost, "hero:switch with copy: all brings them along")
	}
	if err := h.checkRest(call, wanted); err != nil {
		return err
	}
	if call.preview {
		call.progress.info("%s", h.announcement(wanted, taken, lost))
		return nil
	}
	return h.copyTo(call, wanted, taken)
}

// own are the stack's tags among those that are there; the next up can make each of them again.
func (s homeState) own(there []string) []string {
	if len(without(s.Tags, there)) > 0 {
		return slices.Concat(s.Tags, s.Before)
	}
	return s.Tags
}

func (h homeInputs) copyTo(call call, wanted homeInputs, taken contents) error {
	if len(taken.tags) == 0 {
		return nil
	}
	if err := taken.ownTags(h.Tags); err != nil {
		return err
	}
	destination, err := newRepository(call, wanted.access)
	if err != nil {
		return err
	}
	if err := wanted.checkPlace(call, destination, taken); err != nil {
		return err
	}
	began := time.Now()
	if err := destination.take(call, taken); err != nil {
		return fmt.Errorf("not everything of %s has reached %s: %w", h.Repository, wanted.Repository, err)
	}
	call.progress.info("%s has, with the same digests as %s, %s; %s were sent in %.1f s", wanted.Repository, h.Repository,
		taken.told(), megabytes(destination.uploaded.Load()), time.Since(began).Seconds())
	return nil
}

// checkPlace refuses to take a tag from an image of somebody else. The stack's own it would take anyway.
func (h homeInputs) checkPlace(call call, destination *repository, taken contents) error {
	if h.Discard {
		return nil
	}
	others, err := destination.otherwise(call, taken.reachable(without(taken.tagNames(), h.Tags)))
	if err != nil || len(others) == 0 {
		return err
	}
	return fmt.Errorf("in %s these tags name other images already, or what is not handed out, and those would lose them: %s. Give those another tag there, "+
		"bring along only what the stack itself tags, by hero:switch with copy: current, or let go of them: "+
		"./pulumiw config set --path hero:switch.discard true", h.Repository, someOf(others))
}

func (h homeInputs) contents(source *repository) (contents, error) {
	tags, err := source.listTags()
	if err != nil {
		return contents{}, err
	}
	return source.contentsOf(tags)
}

func (h homeInputs) taken(held contents, copies string) contents {
	switch copies {
	case "none":
		return held.only(nil)
	case "current":
		return held.only(h.Tags)
	default:
		return held
	}
}

func (h homeInputs) listTags(call call) ([]string, error) {
	repository, err := newRepository(call, h.access)
	if err != nil {
		return nil, err
	}
	return repository.listTags()
}

func (h homeInputs) announcement(wanted homeInputs, taken contents, lost []string) string {
	said := fmt.Sprintf("Hero moves from %s to %s. Copied, with the same digests: %s.", h.Registry, wanted.Registry, taken.told())
	switch {
	case h.staysWith(wanted):
		return said + fmt.Sprintf(" %s stays, as a mirror.", h.Registry)
	case h.KeepsImages:
		return said + fmt.Sprintf(" Then %s goes; its images stay, since keepData says so.", h.Registry)
	case len(lost) > 0:
		return said + fmt.Sprintf(" Then %s goes with all that lives there, and these are nowhere else: %s.", h.Registry, someOf(lost))
	}
	return said + fmt.Sprintf(" Then %s goes with all that lives there.", h.Registry)
}

func (h homeInputs) staysWith(wanted homeInputs) bool {
	return slices.Contains(wanted.Mirrors, h.Registry)
}

func (h homeInputs) wouldLose(call call, tags []string, advice string) error {
	slices.Sort(tags)
	return fmt.Errorf("%s has %s nowhere else: %s. %s, or give them up: ./pulumiw config set --stack %s --path hero:switch.discard true "+
		"and ./pulumiw up --stack %s", h.Repository, counted(len(tags), "a tag that is", "%d tags that are"), someOf(tags), advice,
		call.stack(), call.stack())
}
