package command

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// names returns what a word of a command line can be that begins with prefix;
// before are the arguments that stand before it.
type names func(ctx context.Context, s *server.System, before []string, prefix string) ([]string, error)

// kinds are the words by which usage lines call what is completed.
var kinds = map[string]names{
	"CONNECTION": func(ctx context.Context, s *server.System, _ []string, _ string) ([]string, error) {
		all, err := s.Core.Settings.Connections(ctx)
		return named(all, func(c provision.Connection) string { return c.Name }), err
	},
	"DESK": func(ctx context.Context, s *server.System, _ []string, _ string) ([]string, error) {
		all, err := s.Core.Settings.Desks(ctx)
		return named(all, func(d provision.Desk) string { return d.Name }), err
	},
	"USER": func(ctx context.Context, s *server.System, _ []string, prefix string) ([]string, error) {
		return s.Core.Report.PeopleBeginning(ctx, prefix)
	},
	"GROUP": func(ctx context.Context, s *server.System, _ []string, prefix string) ([]string, error) {
		return s.Core.Report.GroupsBeginning(ctx, prefix)
	},
	"TOKEN": func(ctx context.Context, s *server.System, before []string, _ string) (found []string, _ error) {
		conn, err := ofFirst(ctx, s, before)
		if err != nil {
			return nil, err
		}
		tokens, err := s.Core.Tokens.Tokens(ctx, conn.ID)
		for _, t := range tokens {
			if t.Usable(s.Core.Now()) {
				found = append(found, t.Name)
			}
		}
		return found, err
	},
	"DOMAIN": func(ctx context.Context, s *server.System, before []string, _ string) ([]string, error) {
		conn, err := ofFirst(ctx, s, before)
		if err != nil {
			return nil, err
		}
		found := conn.Domains
		claims, err := s.Core.Settings.DomainClaims(ctx, conn.ID)
		for _, c := range claims {
			found = append(found, c.Domain)
		}
		return found, err
	},
	"RULE": func(ctx context.Context, s *server.System, _ []string, _ string) ([]string, error) {
		all, err := s.Core.Settings.Rules(ctx, "")
		return named(all, func(r provision.Rule) string { return string(r.ID) }), err
	},
}

// flagKinds are the flags whose values are completed.
var flagKinds = map[string]string{"connection": "CONNECTION", "desk": "DESK", "user": "USER", "person": "USER", "group": "GROUP"}

func named[T any](all []T, name func(T) string) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = name(one)
	}
	return out
}

// ofFirst returns the connection that the first argument names.
func ofFirst(ctx context.Context, s *server.System, before []string) (provision.Connection, error) {
	if len(before) == 0 {
		return provision.Connection{}, nil
	}
	return s.Core.Settings.Connection(ctx, before[0])
}

// Complete has shells complete names in every command: where its usage line has
// CONNECTION, DESK, USER and the like, or NAME for what is of the noun itself.
func (a *App) Complete(cmd *cobra.Command) {
	for _, child := range cmd.Commands() {
		a.Complete(child)
	}
	if cmd.HasSubCommands() && cmd.RunE == nil {
		return
	}
	var words []names
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "[-") {
			break
		}
		words = append(words, kinds[kindOf(cmd, strings.Trim(word, "[]"), len(words))])
	}
	if cmd.ValidArgsFunction == nil && !cmd.HasSubCommands() {
		cmd.ValidArgsFunction = func(cmd *cobra.Command, before []string, prefix string) ([]string, cobra.ShellCompDirective) {
			if len(before) >= len(words) {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return a.complete(cmd, words[len(before)], before, prefix)
		}
	}
	for flag, kind := range flagKinds {
		if cmd.Flags().Lookup(flag) == nil {
			continue
		}
		// An error says that somebody has registered one already.
		_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, before []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return a.complete(cmd, kinds[kind], before, prefix)
		})
	}
}

// kindOf returns the kind of the argument in one place, which the usage line calls word.
func kindOf(cmd *cobra.Command, word string, place int) string {
	noun := ""
	if cmd.Parent() != nil {
		noun = cmd.Parent().Name()
	}
	word, _, _ = strings.Cut(word, "|")
	switch {
	case cmd.Name() == "add" || cmd.Name() == "create" && place > 0:
		if word != "CONNECTION" && word != "DESK" {
			return "" // of what is new there is no name
		}
	case word == "NAME" && noun == "connection", word == "NAME" && noun == "desk", word == "NAME" && noun == "group":
		return strings.ToUpper(noun)
	case word == "NAME" && noun == "token":
		return "TOKEN"
	case word == "ID" && noun == "rule":
		return "RULE"
	}
	return word
}

// complete asks the database, when there is one: completing makes none, and
// changes none of another release.
func (a *App) complete(cmd *cobra.Command, of names, before []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if of == nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	sys, err := a.OpenExisting(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer sys.Close()
	found, err := of(cmd.Context(), sys, before, prefix)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	found = slices.DeleteFunc(found, func(name string) bool {
		return !strings.HasPrefix(provision.Fold(name), provision.Fold(prefix)) || strings.ContainsAny(name, "\n\t")
	})
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
}
