package main

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// sweep ends and clears the registries of this checkout and owner that no state knows of: a run that was killed between
// making one and recording it leaves such. The next `up` would take it over; after `destroy` nobody would.
func sweep(owner string) error {
	clearDeadScratch()
	_, stack, _ := strings.Cut(owner, "/")
	usual := filepath.Join(registryDirectory(".hero").absolute(), stack, "registry")
	for _, path := range append(slices.Collect(maps.Values(registries())), usual) {
		directory := registryDirectory(path)
		mark, err := directory.mark()
		isHere := mark.Checkout == thisCheckout() || mark.CheckoutID.is(thisCheckout())
		if err != nil || mark.Owner != owner || !isHere || directory.otherCheckout(mark) != "" {
			continue
		}
		if err := directory.checkSweep(mark); err != nil {
			return err
		}
		if err := directory.stop(context.Background()); err != nil {
			return err
		}
		if err := directory.clear(mark.KeepData, progress{}); err != nil {
			return err
		}
	}
	return nil
}
