package main

import (
	"errors"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// packageWalk goes from a package to those that it imports, as `go list -deps` does, and collects the files that Go
// reads of them: for each platform the ones that its build constraints select.
type packageWalk struct {
	modules  *goModules
	contexts []build.Context
	files    map[string]bool
	visited  map[string]bool
	// downloads is set where a package is imported that Go downloads.
	downloads bool
}

// buildContexts returns one context for each platform, or the one of this machine.
func buildContexts(platforms []string) ([]build.Context, error) {
	if len(platforms) == 0 {
		platforms = []string{build.Default.GOOS + "/" + build.Default.GOARCH}
	}
	var contexts []build.Context
	for _, text := range platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil {
			return nil, err
		}
		context := build.Default
		context.GOOS, context.GOARCH = platform.OS, platform.Architecture
		context.CgoEnabled, context.UseAllFiles, context.InstallSuffix = false, false, ""
		context.BuildTags = strings.FieldsFunc(goFlag("-tags"), func(r rune) bool { return r == ',' })
		context.ToolTags = toolTags(platform)
		contexts = append(contexts, context)
	}
	return contexts, nil
}

// toolTags are the tags of the processor's features and of experiments (internal/buildcfg).
func toolTags(platform *v1.Platform) []string {
	tags := slices.DeleteFunc(slices.Clone(build.Default.ToolTags), func(tag string) bool {
		return !strings.HasPrefix(tag, "goexperiment.")
	})
	for _, name := range strings.Split(goVariable("GOEXPERIMENT"), ",") {
		if name != "" {
			tags = append(tags, "goexperiment."+name)
		}
	}
	switch platform.Architecture {
	case "amd64":
		for level := range max(1, variantNumber(platform.Variant)) {
			tags = append(tags, fmt.Sprintf("amd64.v%d", level+1))
		}
	case "arm":
		for level := 5; level <= max(5, variantNumber(platform.Variant)); level++ {
			tags = append(tags, fmt.Sprintf("arm.%d", level))
		}
	}
	return tags
}

func variantNumber(variant string) int {
	var number int
	_, _ = fmt.Sscanf(variant, "v%d", &number)
	return number
}

func newPackageWalk(modules *goModules, contexts []build.Context) *packageWalk {
	return &packageWalk{modules: modules, contexts: contexts, files: map[string]bool{}, visited: map[string]bool{}}
}

// hash adds every file that is read to build the package in this folder.
func (w *packageWalk) hash(sum io.Writer, directory string) error {
	if err := w.walk(directory); err != nil {
		return err
	}
	// Only go.mod tells which modules those that are downloaded import packages of.
	for _, module := range w.modules.local[1:] {
		if !w.downloads || !w.modules.requires(module) {
			continue
		}
		for _, folder := range module.packageFolders() {
			if err := w.walk(folder); err != nil {
				return err
			}
		}
	}
	// The profile that `go build` takes by itself (-pgo=auto).
	if profile := filepath.Join(directory, "default.pgo"); isFile(profile) {
		w.files[profile] = true
	}
	return w.hashFiles(sum)
}

func (w *packageWalk) hashFiles(sum io.Writer) error {
	labels := map[string]string{}
	for file := range w.files {
		labels[w.label(file)] = file
	}
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		if err := hashFile(sum, labels[label], label); err != nil {
			return err
		}
	}
	return nil
}

// label names a file by its module and its place in it, so that the fingerprint is the same in every checkout.
func (w *packageWalk) label(file string) string {
	for number, module := range w.modules.local {
		if relative, err := filepath.Rel(module.folder, file); err == nil && filepath.IsLocal(relative) {
			return fmt.Sprintf("module %d/%s", number, filepath.ToSlash(relative))
		}
	}
	if relative, err := filepath.Rel(w.modules.vendor, file); err == nil && filepath.IsLocal(relative) {
		return "vendor/" + filepath.ToSlash(relative)
	}
	return file
}

// walk visits the package in this folder and all that it imports. It keeps its own list of what is left, since the
// imports of a large program are nested deeply.
func (w *packageWalk) walk(directory string) error {
	waiting := []string{directory}
	for len(waiting) > 0 {
		folder := waiting[0]
		waiting = waiting[1:]
		if w.visited[folder] {
			continue
		}
		w.visited[folder] = true
		imports, err := w.read(folder)
		if err != nil {
			return err
		}
		for _, each := range imports {
			if found, local := w.modules.locate(each); local {
				waiting = append(waiting, found)
			} else if first, _, _ := strings.Cut(each, "/"); strings.Contains(first, ".") {
				w.downloads = true
			}
		}
	}
	return nil
}

// read collects the files of one package and returns what it imports.
func (w *packageWalk) read(folder string) ([]string, error) {
	var imports []string
	for _, context := range w.contexts {
		found, err := context.ImportDir(folder, 0)
		if located := new(fs.PathError); errors.As(err, &located) && errors.Is(err, fs.ErrPermission) {
			return nil, cannotRead(located.Path, err)
		}
		imports = append(imports, found.Imports...)
		names := filesOf(found)
		if err != nil && !errors.As(err, new(*build.NoGoError)) {
			// Go refuses the package too, and says why. A change of any of its files may repair it.
			names = append(names, namesIn(folder)...)
		}
		for _, name := range names {
			w.files[filepath.Join(folder, name)] = true
		}
		for _, pattern := range found.EmbedPatterns {
			for _, name := range embedded(folder, pattern) {
				w.files[filepath.Join(folder, filepath.FromSlash(name))] = true
			}
		}
	}
	return imports, nil
}

// filesOf are the files that `go list` names of a package, but for those of tests.
func filesOf(found *build.Package) []string {
	return slices.Concat(found.GoFiles, found.CgoFiles, found.CFiles, found.CXXFiles, found.MFiles, found.HFiles,
		found.FFiles, found.SFiles, found.SwigFiles, found.SwigCXXFiles, found.SysoFiles)
}

func namesIn(folder string) []string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if isFile(filepath.Join(folder, entry.Name())) && !strings.HasSuffix(entry.Name(), "_test.go") {
			names = append(names, entry.Name())
		}
	}
	return names
}

// embedded returns the files that a pattern of //go:embed selects, as resolveEmbed in cmd/go/internal/load does. What
// matches nothing Go refuses.
func embedded(folder, pattern string) []string {
	pattern, all := strings.CutPrefix(pattern, "all:")
	matches, err := fs.Glob(os.DirFS(folder), pattern)
	if err != nil {
		return nil
	}
	var found []string
	for _, match := range matches {
		_ = fs.WalkDir(os.DirFS(folder), match, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // Go refuses it too, and says why
			}
			hidden := strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")
			switch {
			case name != match && hidden && !all, name != match && isRepository(entry.Name()):
				return skipped(entry)
			case entry.IsDir() && name != "." && isFile(filepath.Join(folder, name, "go.mod")):
				return fs.SkipDir
			case !entry.IsDir():
				found = append(found, path.Clean(name))
			}
			return nil
		})
	}
	return found
}

func skipped(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// isRepository reports whether go:embed leaves out files and folders of this name (isBadEmbedName in cmd/go).
func isRepository(name string) bool {
	return slices.Contains([]string{".bzr", ".hg", ".git", ".svn"}, name)
}
