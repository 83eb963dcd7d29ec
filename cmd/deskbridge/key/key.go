package key

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/deskidp"
)

// Command makes the commands of keys.
func Command(a *command.App) *cobra.Command {
	return command.Group("key", "List and change the keys that Deskbridge signs with", listCommand(a), rotateCommand(a), retireCommand(a))
}

var keyUses = []settings.KeyUse{settings.KeySAML, settings.KeyDesk, settings.KeyOIDC, settings.KeyRecord}

var makers = map[settings.KeyUse]settings.MakeKey{settings.KeySAML: client.NewSAMLKey, settings.KeyDesk: deskidp.NewKey, settings.KeyOIDC: client.NewClientKey, settings.KeyRecord: deskidp.NewKey}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the keys in use", Example: "  deskbridge key list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		type line struct {
			ID     provision.KeyID `json:"id"`
			Use    settings.KeyUse `json:"use"`
			Signs  bool            `json:"signs"`
			Active output.Moment   `json:"active_at"`
		}
		lines, rows := []line{}, [][]string{}
		for _, use := range keyUses {
			keys, err := sys.Core.Settings.CurrentKeys(ctx, use)
			if err != nil {
				return command.Result{}, err
			}
			for i, k := range keys {
				lines = append(lines, line{k.ID, use, i == 0, output.Moment{At: &k.ActiveAt}})
				state := "opens and is published"
				if i == 0 {
					state = "signs"
				}
				rows = append(rows, []string{string(k.ID), string(use), state, output.Moment{At: &k.ActiveAt}.String()})
			}
		}
		return command.Tabled(lines, "ID | USE | STATE | ACTIVE FROM", rows), nil
	})
}

// defaultOverlap is how long a new key is published before it signs: longer
// than others keep our metadata.
const defaultOverlap time.Duration = 7 * 24 * time.Hour

func rotateCommand(a *command.App) *cobra.Command {
	overlap := defaultOverlap
	cmd := &cobra.Command{
		Use:   "rotate saml|desk|oidc|record",
		Short: "Make a new key, publish it now, and sign with it later",
		Long: `Make a new key. It is published at once and signs after --overlap, so that
identity providers (saml, oidc) and desks (desk) have read it by then, and whoever
checks offboarding records (record); where no key
signs now, it signs at once. The old key goes on opening what was encrypted for it
until it is retired.`,
		Example: "  deskbridge key rotate saml --overlap 7d",
		Args:    cobra.ExactArgs(1),
	}
	cmd.Flags().Var((*config.Duration)(&overlap), "overlap", "how long until it signs, e.g. 7d; 0 at once")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		use, err := keyUse(args[0])
		if err != nil {
			return command.Result{}, err
		}
		k, err := sys.Core.Settings.RotateKey(ctx, sys.Cause, use, overlap, makers[use])
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"id": k.ID, "use": use, "active_at": k.ActiveAt}, "Key %s is published, and signs from %s.", k.ID, output.Moment{At: &k.ActiveAt}), nil
	})
}

func retireCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "retire saml|desk|oidc|record ID", Short: "End a key for good",
		Long: "End a key for good. Of ID the beginning or end is enough.", Example: "  deskbridge key retire saml 9f3c21d0", Args: cobra.ExactArgs(2)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		use, err := keyUse(args[0])
		if err != nil {
			return command.Result{}, err
		}
		keys, err := sys.Core.Settings.CurrentKeys(ctx, use)
		if err != nil {
			return command.Result{}, err
		}
		key, err := command.ByID("key", args[1], keys, func(k settings.Key) string { return string(k.ID) })
		if err != nil {
			return command.Result{}, err
		}
		if err := sys.Core.Settings.RetireKey(ctx, sys.Cause, use, key.ID); err != nil {
			return command.Result{}, err
		}
		return command.Say(map[string]any{"id": key.ID}, "Key %s is retired.", key.ID), nil
	})
}

func keyUse(text string) (settings.KeyUse, error) {
	for _, use := range keyUses {
		if string(use) == text {
			return use, nil
		}
	}
	return "", command.Misuse("%w", provision.Errorf(provision.Invalid, "use", "the use of a key is saml, desk, oidc or record"))
}
