package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxReferenced is how many bytes a file may have that a value is taken from:
// SAML metadata of a large federation is the longest.
const maxReferenced = 4 << 20

// hidden are the places in access.yaml whose values nobody prints, in plans,
// errors and lists: only there may a value come from elsewhere. A plan is read
// by more people than may read what is in the environment.
var hidden = []string{
	"connections[].oidc.client_secret",
	"connections[].saml.certificates[]",
	"connections[].saml.metadata",
	"connections[].saml.metadata_file",
	"desks[].secret",
	"desks[].sign_in.oidc.client_secret",
	"desks[].sign_in.saml.certificate",
}

var reference = regexp.MustCompile(`\$\{(env|file):([^}]*)\}`)

// expand replaces the references in the places where they may stand, and finds
// those elsewhere. What an alias repeats stands in both places.
func (a *accessReader) expand(root *yaml.Node) {
	found := make(map[*yaml.Node]bool)
	a.find(root, "", found, make(map[place]bool))
	for _, n := range slices.SortedFunc(maps.Keys(found), func(m, n *yaml.Node) int { return cmp.Or(cmp.Compare(m.Line, n.Line), cmp.Compare(m.Column, n.Column)) }) {
		if !a.misplaced[n] {
			a.replace(n)
		}
	}
}

type place struct {
	node *yaml.Node
	path string
}

// find collects the scalars below n, which is at path, that have references.
func (a *accessReader) find(n *yaml.Node, path string, found map[*yaml.Node]bool, seen map[place]bool) {
	if seen[place{n, path}] || strings.Count(path, ".") > maxDepth || strings.Count(path, "[]") > maxDepth {
		return // an alias that contains itself
	}
	seen[place{n, path}] = true
	switch n.Kind {
	case yaml.DocumentNode:
		for _, child := range n.Content {
			a.find(child, path, found, seen)
		}
	case yaml.AliasNode:
		if a.aliases++; a.aliases >= maxAliases {
			if a.aliases == maxAliases {
				a.wrong(n, "there are too many aliases; write out what they stand for")
			}
			return
		}
		if n.Alias.Kind == yaml.ScalarNode && !slices.Contains(hidden, path) && reference.MatchString(n.Alias.Value) {
			a.misplace(n, n.Alias)
		}
		a.find(n.Alias, path, found, seen)
	case yaml.SequenceNode:
		for _, child := range n.Content {
			a.find(child, path+"[]", found, seen)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			a.find(key, path+".", found, seen)
			if key.Tag == mergeTag {
				a.findMerged(value, path, found, seen)
				continue
			}
			a.find(value, strings.TrimPrefix(path+"."+key.Value, "."), found, seen)
		}
	case yaml.ScalarNode:
		if !strings.Contains(n.Value, "${") || !reference.MatchString(n.Value) {
			return
		}
		found[n] = true
		if !slices.Contains(hidden, path) && !a.misplaced[n] {
			a.misplace(n, n)
		}
	}
}

// misplace notes that what is in value must not stand at n.
func (a *accessReader) misplace(n, value *yaml.Node) {
	a.misplaced[value] = true
	a.wrong(n, "%s may stand in a secret only (secret, client_secret, certificate, certificates, metadata, metadata_file), for nothing else is kept out of plans and lists; write the value itself",
		strings.Join(reference.FindAllString(value.Value, -1), " and "))
}

// maxAliases is beyond how many aliases, those in what aliases repeat included,
// nothing is looked at: a few lines can stand for more than there is memory.
const maxAliases = 10_000

// maxDepth is how deep what an access.yaml says can be, and more.
const maxDepth = 16

// mergeTag is the tag of the key << , whose value is one mapping or several that
// are taken over.
const mergeTag = "!!merge"

func (a *accessReader) findMerged(n *yaml.Node, path string, found map[*yaml.Node]bool, seen map[place]bool) {
	if n.Kind != yaml.SequenceNode {
		a.find(n, path, found, seen)
		return
	}
	for _, child := range n.Content {
		a.find(child, path, found, seen)
	}
}

// replace puts into a scalar what its references stand for.
func (a *accessReader) replace(n *yaml.Node) {
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		if m[1] == "env" {
			value, ok := a.from.Environment(m[2])
			if !ok {
				a.wrong(n, "the environment variable %s is not set", m[2])
			}
			return value
		}
		content, err := readReferenced(m[2], a.from.File)
		if err != nil {
			a.wrong(n, "%v", err)
		}
		return strings.TrimRight(string(content), "\r\n")
	})
	n.Tag = "!!str" // whatever it looks like
}

// readReferenced reads a file that a value is taken from. Errors name the path
// and hold nothing of what is in it.
func readReferenced(path string, read func(string) ([]byte, error)) ([]byte, error) {
	content, err := read(path)
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("open %s: %w", path, pathError.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return content, nil
}

// ReadRegular reads a file that an access.yaml names: no device, pipe or folder,
// which might never end, and at most 4 MiB. Errors hold nothing of what is in
// the file.
func ReadRegular(path string) ([]byte, error) {
	info, err := os.Stat(path) // before it is opened: opening a pipe waits for whoever writes
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("this is no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.New("this is no regular file")
	}
	content, err := io.ReadAll(io.LimitReader(f, maxReferenced+1))
	if err == nil && len(content) > maxReferenced {
		err = fmt.Errorf("the file has more than %d bytes", maxReferenced)
	}
	if err != nil {
		return nil, err
	}
	return content, nil
}
