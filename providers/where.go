package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

const patienceWithHomes = 2 * time.Minute

// dwelling is a repository where Hero lives, and the choice by its name in config that keeps it.
type dwelling struct {
	access
	Registry string `json:"registry"`
	// Tags are the stack's own, which every home has.
	Tags []string `json:"tags"`
}

// called is a tag with one of the digests that it has in some home.
type called struct{ tag, digest string }

// tellWhere says where each tag is, with its digest, and fails where the homes do not agree. They come by standard input:
// there are passwords among them.
func tellWhere(in io.Reader, out io.Writer) error {
	var homes []dwelling
	if err := json.NewDecoder(in).Decode(&homes); err != nil {
		return fmt.Errorf("no list of homes: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patienceWithHomes)
	defer cancel()
	found := map[called][]string{}
	var unread []error
	var pullsLeft []string
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "registry\trepository")
	status := newStatusLines(os.Stderr)
	for _, home := range homes {
		fmt.Fprintf(table, "%s\t%s\n", home.Registry, home.Repository)
		tags, left, err := home.digests(call{Context: ctx, progress: progress{out: status}})
		if err != nil {
			unread = append(unread, fmt.Errorf("%s cannot be read: %w", home.Repository, err))
			continue
		}
		if left != "" {
			pullsLeft = append(pullsLeft, left)
		}
		if damage := home.damage(ctx, tags); damage != nil {
			unread = append(unread, damage)
		}
		for tag, digest := range tags {
			found[called{tag, digest}] = append(found[called{tag, digest}], home.Registry)
		}
	}
	status.end()
	// Its columns are as wide as they need to be, and not as the next table's.
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(table, "\ntag\tdigest\twhere")
	for _, each := range slices.SortedFunc(maps.Keys(found), func(a, b called) int {
		return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.digest, b.digest))
	}) {
		fmt.Fprintf(table, "%s\t%s\t%s\n", each.tag, each.digest, strings.Join(found[each], ", "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, left := range pullsLeft {
		fmt.Fprintf(out, "\n%s\n", left)
	}
	if len(unread) > 0 {
		return errors.Join(unread...)
	}
	return agreement(homes, found, out)
}

// damage compares the existence and the size of all that the stack's own tags lead to.
func (d dwelling) damage(ctx context.Context, tags map[string]string) error {
	there, err := newRepository(call{Context: ctx}, d.access)
	if err != nil {
		return err
	}
	var damaged []string
	for _, tag := range d.Tags {
		found, err := there.damagedImage(ctx, tags[tag], nil, nil, false)
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", d.Repository, err)
		}
		damaged = append(damaged, found...)
	}
	slices.Sort(damaged)
	if damaged = slices.Compact(damaged); len(damaged) == 0 {
		return nil
	}
	return fmt.Errorf("%s serves damaged content: %s\nhint: ./pulumiw refresh, then ./pulumiw up pushes it again", d.Repository, someOf(damaged))
}

// digests has what each tag names, and how many pulls the registry that counts them has left.
func (d dwelling) digests(call call) (map[string]string, string, error) {
	there, err := newRepository(call, d.access)
	if err != nil {
		return nil, "", err
	}
	tags, err := there.listTags()
	if err != nil {
		return nil, "", err
	}
	digests := make([]string, len(tags))
	group, untilOneFails := errgroup.WithContext(call)
	group.SetLimit(requestsAtOnce)
	options := append(slices.Clone(there.options), remote.WithContext(untilOneFails))
	for place, tag := range tags {
		group.Go(func() error {
			descriptor, err := there.head(there.name.Tag(tag), options...)
			if err != nil {
				return there.plain(err)
			}
			digests[place] = descriptor.Digest.String()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	named := map[string]string{}
	for place, tag := range tags {
		named[tag] = digests[place]
	}
	return named, there.pullsLeft(), nil
}

// agreement wants the stack's own tags everywhere, and none that means one image here and another there.
func agreement(homes []dwelling, found map[called][]string, out io.Writer) error {
	digests, homesOf := map[string]int{}, map[string]int{}
	for each, where := range found {
		digests[each.tag]++
		homesOf[each.tag] += len(where)
	}
	var apart []string
	for tag, count := range digests {
		if count > 1 {
			apart = append(apart, tag)
		}
	}
	for _, home := range homes {
		for _, tag := range home.Tags {
			if homesOf[tag] < len(homes) && !slices.Contains(apart, tag) {
				apart = append(apart, tag)
			}
		}
	}
	if len(apart) == 0 {
		_, err := fmt.Fprintf(out, "\n%s\n", counted(len(homes), "It is the only home.", "All %d homes agree."))
		return err
	}
	slices.Sort(apart)
	return fmt.Errorf("the homes do not agree about %s; ./pulumiw refresh and ./pulumiw up put the stack's own tags right", someOf(apart))
}
