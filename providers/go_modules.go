package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// goModule is a module whose source is in a folder of this machine: the main module, one of its workspace, or one that
// a replace directive names.
type goModule struct {
	folder string
	file   *modfile.File
	// replacing is set where the module is not part of the build by itself: it counts only where a package is taken from it.
	replacing bool
}

// goModules are the modules that Go looks for packages in before it downloads any.
type goModules struct {
	main      *goModule
	workspace string // the folder of go.work, or empty
	local     []*goModule
	vendor    string // the folder of vendored packages, or empty
}

// moduleRoot returns the nearest folder above that has a go.mod.
func moduleRoot(directory string) (string, error) {
	for folder := directory; ; folder = filepath.Dir(folder) {
		if isFile(filepath.Join(folder, "go.mod")) {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("%s: no go.mod there or above", directory)
		}
	}
}

// findGoModules reads go.mod and go.work, as Go itself looks for them.
func findGoModules(directory string) (*goModules, error) {
	folder, err := moduleRoot(directory)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "go.mod")
	if other := goFlag("-modfile"); other != "" {
		path = absoluteFrom(directory, other)
	}
	main, err := readGoModule(folder, path)
	if err != nil {
		return nil, err
	}
	found := &goModules{main: main, local: []*goModule{main}}
	var replaced []*modfile.Replace
	if path := workspaceFile(directory); path != "" {
		work, err := readGoWork(path)
		if err != nil {
			return nil, err
		}
		found.workspace = filepath.Dir(path)
		if err := found.addWorkspace(work); err != nil {
			return nil, err
		}
		replaced = work.Replace
	}
	found.vendor = found.vendorFolder()
	for _, module := range found.local {
		found.addReplaced(module.folder, module.file.Replace)
	}
	if found.workspace != "" {
		found.addReplaced(found.workspace, replaced)
	}
	return found, nil
}

// workspaceFile returns the path of go.work, or nothing where Go takes none.
func workspaceFile(directory string) string {
	switch named := goVariable("GOWORK"); named {
	case "off":
		return ""
	case "", "auto":
	default:
		return named
	}
	for folder := directory; folder != filepath.Dir(folder); folder = filepath.Dir(folder) {
		if path := filepath.Join(folder, "go.work"); isFile(path) {
			return path
		}
	}
	return ""
}

func readGoWork(path string) (*modfile.WorkFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	return modfile.ParseWork(path, text, nil)
}

func readGoModule(folder, path string) (*goModule, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, cannotRead(path, err)
	}
	file, err := modfile.Parse(path, text, nil)
	if err != nil {
		return nil, err
	}
	if file.Module == nil {
		return nil, cannotRead(path, errors.New("it has no module directive"))
	}
	return &goModule{folder: folder, file: file}, nil
}

// addWorkspace adds the modules that go.work uses beside the main one.
func (m *goModules) addWorkspace(work *modfile.WorkFile) error {
	for _, use := range work.Use {
		folder := absoluteFrom(m.workspace, filepath.FromSlash(use.Path))
		if m.hasFolder(folder) {
			continue
		}
		module, err := readGoModule(folder, filepath.Join(folder, "go.mod"))
		if err != nil {
			return err
		}
		m.local = append(m.local, module)
	}
	return nil
}

// addReplaced adds the modules that replace directives take from a folder. Go reads none of them where packages are
// vendored, and none that nothing requires, so that a folder that cannot be read is left to Go.
func (m *goModules) addReplaced(beside string, replaced []*modfile.Replace) {
	for _, replace := range replaced {
		if m.vendor != "" || replace.New.Version != "" {
			continue
		}
		folder := absoluteFrom(beside, filepath.FromSlash(replace.New.Path))
		if m.hasFolder(folder) {
			continue
		}
		module, err := readGoModule(folder, filepath.Join(folder, "go.mod"))
		if err != nil {
			continue
		}
		// Its packages are imported by the path that is replaced, whatever it calls itself.
		module.file.Module.Mod.Path = replace.Old.Path
		module.replacing = true
		m.local = append(m.local, module)
	}
}

func (m *goModules) hasFolder(folder string) bool {
	return slices.ContainsFunc(m.local, func(each *goModule) bool { return sameFolder(each.folder, folder) })
}

func sameFolder(one, other string) bool {
	first, err := os.Stat(one)
	if err != nil {
		return false
	}
	second, err := os.Stat(other)
	return err == nil && os.SameFile(first, second)
}

// vendorFolder returns the folder that Go takes other modules' packages from, as modload.setDefaultBuildMod chooses it.
func (m *goModules) vendorFolder() string {
	root := m.main.folder
	if m.workspace != "" {
		root = m.workspace
	}
	folder := filepath.Join(root, "vendor")
	chosen := goFlag("-mod")
	byItself := chosen == "" && goFlag("-modfile") == "" && m.main.isSince("1.14")
	if (chosen == "vendor" || byItself) && isFile(filepath.Join(folder, "modules.txt")) {
		return folder
	}
	return ""
}

// isSince reports whether the module's go directive names this version or a newer one.
func (m *goModule) isSince(version string) bool {
	return m.file.Go != nil && semver.Compare("v"+m.file.Go.Version, "v"+version) >= 0
}

// hash adds the files that name the modules and their versions.
func (m *goModules) hash(sum io.Writer) error {
	for number, module := range m.local {
		if module.replacing && !m.requires(module) {
			continue
		}
		for _, name := range []string{"go.mod", "go.sum"} {
			if module.replacing && name == "go.sum" {
				continue
			}
			if err := hashIfThere(sum, filepath.Join(module.folder, name), fmt.Sprintf("module %d/%s", number, name)); err != nil {
				return err
			}
		}
	}
	if m.workspace != "" {
		path := workspaceFile(m.main.folder)
		for _, path := range []string{path, strings.TrimSuffix(path, ".work") + ".work.sum"} {
			if err := hashIfThere(sum, path, filepath.Base(path)); err != nil {
				return err
			}
		}
	}
	if m.vendor != "" {
		return hashIfThere(sum, filepath.Join(m.vendor, "modules.txt"), "vendor/modules.txt")
	}
	return nil
}

// requires reports whether another module may import the module's packages: a go.mod lists every module that provides
// one, since Go 1.17 also those that other modules need.
func (m *goModules) requires(module *goModule) bool {
	for _, each := range m.local {
		if !each.isSince("1.17") {
			return true
		}
		for _, require := range each.file.Require {
			if require.Mod.Path == module.path() {
				return true
			}
		}
	}
	return false
}

func (m *goModule) path() string {
	return m.file.Module.Mod.Path
}

// locate returns the folder of a package that is not downloaded, or false.
func (m *goModules) locate(importPath string) (string, bool) {
	var best *goModule
	for _, module := range m.local {
		within := importPath == module.path() || strings.HasPrefix(importPath, module.path()+"/")
		if within && (best == nil || len(module.path()) > len(best.path())) {
			best = module
		}
	}
	if best != nil {
		folder := filepath.Join(best.folder, filepath.FromSlash(strings.TrimPrefix(importPath, best.path())))
		if isFolder(folder) && best.owns(folder) {
			return folder, true
		}
	}
	if m.vendor != "" {
		if folder := filepath.Join(m.vendor, filepath.FromSlash(importPath)); isFolder(folder) {
			return folder, true
		}
	}
	return "", false
}

// owns reports whether no other module begins between the module's root and the folder.
func (m *goModule) owns(folder string) bool {
	for ; folder != m.folder; folder = filepath.Dir(folder) {
		if isFile(filepath.Join(folder, "go.mod")) || folder == filepath.Dir(folder) {
			return false
		}
	}
	return true
}

// packageFolders returns every folder of the module that a package can be in, as `./...` matches them.
func (m *goModule) packageFolders() []string {
	var folders []string
	_ = filepath.WalkDir(m.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil //nolint:nilerr // Go imports nothing from a folder that cannot be read
		}
		if path != m.folder {
			name := entry.Name()
			if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" ||
				isFile(filepath.Join(path, "go.mod")) {
				return fs.SkipDir
			}
		}
		folders = append(folders, path)
		return nil
	})
	return folders
}
