package delegation

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/client"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/remote"
	"github.com/deskbridge/deskbridge/provision"
)

// waitFor is how long somebody has at the browser.
const waitFor = 5 * time.Minute

// Command makes the command login.
func Command(a *command.App) *cobra.Command {
	var role string
	var verbs []string
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Get a token for the commands of a server, by a browser",
		Long: `Get a token for the commands of the server that --server names. A browser shows the
console there, in which you agree; the token is yours, lives for 12 hours, may what
your role may, and ends before that when you leave or lose the role. What needs a
fresh sign-in it may only where --may names it. It is kept in a file that only you
can read. Without a browser on this machine, --no-browser prints an address for
another one, and takes the code that it shows.`,
		Example: "  deskbridge login --server https://bridge.example.com\n" +
			"  deskbridge login --server https://bridge.example.com --may hold.release\n" +
			"  deskbridge login --server https://bridge.example.com --no-browser",
		Args: cobra.NoArgs,
	}
	cmd.Flags().StringVar(&role, "role", "", "a role below your own: admin or operator")
	cmd.Flags().StringArrayVar(&verbs, "may", nil, "what needs a fresh sign-in otherwise, e.g. hold.release; may be repeated")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "the browser is on another machine: take the code that it shows")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		server, c, err := serverOf(a)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), waitFor)
		defer cancel()
		asks := newRequest(server, role, verbs)
		var code string
		if noBrowser {
			code, err = asks.typed(a)
		} else {
			code, err = asks.opened(ctx, a)
		}
		if err != nil {
			return err
		}
		got, err := c.Login(ctx, admin.Login{Code: code, Verifier: asks.verifier})
		if err != nil {
			return err
		}
		_ = end(ctx, a, server) // of the login before, which ends by itself otherwise
		if err := remote.Store(a, remote.Login{Server: server, LoggedIn: got}); err != nil {
			return fmt.Errorf("the token cannot be kept: %w", err)
		}
		_, err = fmt.Fprintf(a.Stdout, "Logged in at %s as %s, with the role %s, until %s.\n", server, output.Plain(got.Name), output.Plain(got.Role), output.Plain(got.ExpiresAt))
		return err
	}
	return cmd
}

// LogoutCommand makes the command logout.
func LogoutCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "logout", Short: "End the token that login has got, and forget it", Args: cobra.NoArgs,
		Example: "  deskbridge logout --server https://bridge.example.com"}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		server, _, err := serverOf(a)
		if err != nil {
			return err
		}
		if err := end(cmd.Context(), a, server); err != nil {
			a.Warn("it is forgotten here, and not known whether it has ended there: " + command.Explain(err))
		}
		if err := remote.Forget(a, server); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.Stdout, "Logged out at %s.\n", server)
		return err
	}
	return cmd
}

func serverOf(a *command.App) (string, *client.Client, error) {
	if a.Server == "" {
		return "", nil, command.Misuse("name the server, e.g. --server https://bridge.example.com")
	}
	server, err := client.Address(a.Server)
	if err != nil {
		return "", nil, command.Misuse("%w", err)
	}
	c, err := client.New(server, "")
	return server, c, err
}

// end ends the token of a login there, if there is one.
func end(ctx context.Context, a *command.App, server string) error {
	l, err := remote.Stored(a, server)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	}
	c, err := client.New(server, l.Token)
	if err != nil {
		return err
	}
	return c.Logout(ctx)
}

// request is what the browser is asked: RFC 7636 has the challenge and its verifier.
type request struct {
	server          string
	verifier, state string
	values          url.Values
}

func newRequest(server, role string, verbs []string) request {
	r := request{server: server, verifier: provision.NewSecret(), state: provision.NewSecret(), values: url.Values{}}
	sum := sha256.Sum256([]byte(r.verifier))
	host, _ := os.Hostname() // without one there is none to name
	r.values.Set("challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	r.values.Set("state", r.state)
	r.values.Set("host", host)
	if role != "" {
		r.values.Set("role", role)
	}
	for _, v := range verbs {
		r.values.Add("may", v)
	}
	return r
}

// address returns what the browser opens. port is where we listen; 0: nowhere.
func (r request) address(port int) string {
	r.values.Set("port", strconv.Itoa(port))
	return r.server + "/admin/command-line?" + r.values.Encode()
}

// typed returns the code that somebody types.
func (r request) typed(a *command.App) (string, error) {
	fmt.Fprintf(a.Stderr, "Open this address in a browser, and agree there:\n  %s\n", r.address(0))
	fmt.Fprint(a.Stderr, "The code that it shows: ")
	text, err := bufio.NewReader(a.In()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	code := strings.TrimSpace(text)
	if code == "" {
		return "", errors.New("no code was typed")
	}
	return code, nil
}

// open has the browser of this user open an address, which is printed, too: that
// there is none is no error.
func open(ctx context.Context, a *command.App, address string) {
	program := []string{"xdg-open"}
	switch browser := a.Getenv("BROWSER"); {
	case browser != "":
		program = []string{browser}
	case runtime.GOOS == "darwin":
		program = []string{"open"}
	case runtime.GOOS == "windows":
		program = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	started := exec.CommandContext(context.WithoutCancel(ctx), program[0], append(program[1:], address)...) // it goes on when the login is over
	if started.Start() == nil {
		go func() { _ = started.Wait() }()
	}
}
