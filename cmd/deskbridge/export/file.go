package export

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/deskbridge/deskbridge/config"
)

const head = `Written by ` + "`deskbridge export`" + `: all connections, desks and rules. docs/access.md has the keys.
Secrets are left out: applied to this Deskbridge they stay as they are, and another one has to be told them.`

// File returns the text of an access.yaml. It is read again before: what a file
// cannot say is an error, and never left out.
func (o *Configuration) File() ([]byte, error) {
	root, err := o.tree()
	if err != nil {
		return nil, err
	}
	text, err := write(root)
	if err != nil {
		return nil, err
	}
	none := func(string) (string, bool) { return "", false }
	read, err := config.ReadAccess(bytes.NewReader(text), none)
	if err != nil {
		return nil, fmt.Errorf("this configuration cannot be said in a file: %w", err)
	}
	again, err := (&Configuration{Access: read, secrets: o.secrets, pending: o.pending}).tree()
	if err != nil {
		return nil, err
	}
	if same, err := write(again); err != nil || !bytes.Equal(text, same) {
		return nil, errors.Join(errors.New("this configuration cannot be said in a file: a value in it would be read as something else, e.g. because it has ${env:…} or ${file:…} in it"), err)
	}
	return text, nil
}

func write(root *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	err := errors.Join(e.Encode(root), e.Close())
	return out.Bytes(), err
}

// tree returns the file as YAML, with its comments.
func (o *Configuration) tree() (*yaml.Node, error) {
	root := &yaml.Node{Kind: yaml.MappingNode, HeadComment: head}
	for _, part := range []struct {
		key  string
		list any
	}{{"connections", o.Access.Connections}, {"desks", o.Access.Desks}, {"rules", o.Access.Rules}} {
		list, err := node(reflect.ValueOf(part.list))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.key, err)
		}
		if len(list.Content) == 0 {
			list.Style = yaml.FlowStyle
		}
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: part.key}, list)
	}
	for _, rule := range find(root, "rules").Content {
		rule.Style = yaml.FlowStyle
	}
	for i, c := range o.Access.Connections {
		if domains := o.pending[c.Name]; len(domains) > 0 {
			comment(find(root, "connections").Content[i], []string{"name"}, "not verified yet, so no part of this file: "+strings.Join(domains, ", "))
		}
	}
	for _, s := range o.secrets {
		env := strings.ToUpper(strings.ReplaceAll(s.env, "-", "_")) + "_SECRET"
		comment(find(root, s.list).Content[s.at], s.path, fmt.Sprintf("%s stays as it is; for another one: %[1]s: ${env:%s}", s.key, env))
	}
	return root, nil
}

// comment puts a comment behind the value at path below n.
func comment(n *yaml.Node, path []string, text string) {
	for _, key := range path {
		if n = find(n, key); n == nil {
			return
		}
	}
	n.LineComment = text
}

// find returns the value of a key in a mapping; nil where it is not there.
func find(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// node returns v as YAML, without the keys that would say their default.
func node(v reflect.Value) (*yaml.Node, error) {
	switch v.Kind() {
	case reflect.Pointer:
		return node(v.Elem())
	case reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			item, err := node(v.Index(i))
			if err != nil {
				return nil, err
			}
			list.Content = append(list.Content, item)
		}
		if v.Type().Elem().Kind() == reflect.String && !slices.ContainsFunc(list.Content, func(n *yaml.Node) bool { return strings.Contains(n.Value, "\n") }) {
			list.Style = yaml.FlowStyle
		}
		return list, nil
	case reflect.Struct:
		mapping := &yaml.Node{Kind: yaml.MappingNode}
		for field, value := range v.Fields() {
			if !field.IsExported() || isDefault(value) {
				continue
			}
			item, err := node(value)
			if err != nil {
				return nil, err
			}
			mapping.Content = append(mapping.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: field.Tag.Get("yaml")}, item)
		}
		return mapping, nil
	}
	var n yaml.Node
	return &n, n.Encode(v.Interface())
}

// isDefault reports whether a key that says v says no more than one that is left
// out.
func isDefault(v reflect.Value) bool {
	if k := v.Kind(); k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	return v.IsZero()
}
