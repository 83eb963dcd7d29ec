package config

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Steps are what is done one after the other, as on_leave has it: a text with commas
// between, or a list of them.
type Steps string

// UnmarshalYAML reads both forms.
func (s *Steps) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode {
		return node.Decode((*string)(s))
	}
	var list []string
	err := node.Decode(&list)
	*s = Steps(strings.Join(list, ", "))
	return err
}

// MarshalYAML writes several steps as a list.
func (s Steps) MarshalYAML() (any, error) {
	list := strings.Split(string(s), ", ")
	if len(list) == 1 {
		return string(s), nil
	}
	return list, nil
}
