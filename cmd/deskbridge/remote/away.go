package remote

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/client"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
)

// ours are the flags that say where a command runs: no server is told them.
var ours = []string{"config", "server", "token-file"}

// Flags adds the flags that have commands run on a server, and what does that.
func Flags(root *cobra.Command, a *command.App) {
	server, tokenFile := a.Getenv("DESKBRIDGE_SERVER"), a.Getenv("DESKBRIDGE_TOKEN_FILE")
	if a.Hosted != nil { // no command of a server asks another
		server, tokenFile = "", ""
		root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.Hosted.Check(cmd) }
	}
	root.PersistentFlags().StringVar(&a.Server, "server", server, "run on the server at this address, e.g. https://bridge.example.com")
	root.PersistentFlags().StringVar(&a.TokenFile, "token-file", tokenFile, "file with the token to show there; else DESKBRIDGE_TOKEN, or that of deskbridge login")
	a.Away = func(cmd *cobra.Command, args []string) error { return away(a, cmd, args) }
}

// away has a command run on a server.
func away(a *command.App, cmd *cobra.Command, args []string) error {
	c, ok := find(pathOf(cmd))
	if !ok || c.Why != "" {
		why := c.Why
		if why == "" {
			why = "it is not in the table of those that do"
		}
		return command.Misuse("`deskbridge %s` runs beside the database only: %s. Run it on the server's machine, without --server and DESKBRIDGE_SERVER", pathOf(cmd), why)
	}
	for flag, instead := range c.Local {
		if cmd.Flags().Changed(flag) {
			return command.Misuse("--%s cannot be given with --server: %s", flag, instead)
		}
	}
	run, err := c.runOf(a, cmd, args)
	if err != nil {
		return err
	}
	token, err := tokenFor(a)
	if err != nil {
		return err
	}
	to, err := client.New(a.Server, token)
	if err != nil {
		return command.Misuse("%w", err)
	}
	shown := progressOf(a)
	for {
		status, asks, err := to.Run(cmd.Context(), c.address(), run, func(line admin.Said) error {
			shown.add(line.Out)
			_, toOut := io.WriteString(a.Stdout, line.Out)
			_, toErr := io.WriteString(a.Stderr, line.Err)
			return errors.Join(toOut, toErr)
		})
		shown.end()
		if e, is := errors.AsType[*provision.Error](err); is && e.Reason == admin.ReasonCredentials {
			return fmt.Errorf("%s: `deskbridge login --server %s` gets one", e.Detail, a.Server)
		}
		if err != nil {
			return err
		}
		if !asks {
			return command.Ended(a, status)
		}
		typed, err := bufio.NewReader(a.In()).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		run.Typed = &typed
	}
}

// progress says at the terminal how much has come of a long list that goes to a file.
type progress struct {
	to    io.Writer // nil: nobody is shown
	lines int
}

func progressOf(a *command.App) *progress {
	terminal, watching := output.Terminal(a.Stderr)
	if _, shown := output.Terminal(a.Stdout); shown || !watching {
		return &progress{}
	}
	return &progress{to: terminal}
}

func (p *progress) add(text string) {
	if p.lines += strings.Count(text, "\n"); p.to != nil && text != "" {
		fmt.Fprintf(p.to, "\r\x1b[K%d lines", p.lines) // a number: nothing that has to be made visible
	}
}

func (p *progress) end() {
	if p.to != nil && p.lines > 0 {
		fmt.Fprint(p.to, "\r\x1b[K")
	}
}

// runOf returns what is sent of a command line: its flags and arguments, and what the
// files are that it names.
func (c Command) runOf(a *command.App, cmd *cobra.Command, args []string) (run admin.Run, _ error) {
	run.Terminal = a.Interactive()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(ours, f.Name) {
			run.Arguments = append(run.Arguments, spelled(f)...)
		}
	})
	if len(args) > 0 {
		run.Arguments = append(append(run.Arguments, "--"), args...)
	}
	run.Files, run.Environment = make(map[string][]byte), make(map[string]string)
	for _, flag := range c.Files {
		path, err := cmd.Flags().GetString(flag)
		if err != nil || path == "" {
			continue
		}
		text, err := a.ReadFile(path, mostFile)
		switch {
		case err != nil && c.Draft: // as the command itself has it
			return run, err
		case err != nil:
			return run, command.Misuse("%w", err)
		case c.Draft:
			refer(a, &run, text)
		}
		run.Files[path] = text
	}
	return run, nil
}

// mostFile is how many bytes a file may have that is sent along: a request has 8 MiB,
// in which a file takes a third more.
const mostFile = 5 << 20

// spelled returns a flag that was given as it is written.
func spelled(f *pflag.Flag) (out []string) {
	value := f.Value.String()
	switch list, ok := f.Value.(pflag.SliceValue); {
	case f.Value.Type() == "stringSlice": // quoted as it is read
		return []string{"--" + f.Name + "=" + strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")}
	case f.Value.Type() == "stringToString":
		return []string{"--" + f.Name + "=" + strings.TrimSuffix(strings.TrimPrefix(value, "["), "]")}
	case ok:
		for _, one := range list.GetSlice() {
			out = append(out, "--"+f.Name+"="+one)
		}
		return out
	case f.Value.Type() == "bool" && value == "true":
		return []string{"--" + f.Name}
	}
	return []string{"--" + f.Name + "=" + value}
}

// refer adds what an access.yaml refers to in the places where it may: variables of
// this process, and files of this machine. What is wrong in it, the server says.
func refer(a *command.App, run *admin.Run, text []byte) {
	file := func(path string) ([]byte, error) {
		content, err := config.ReadRegular(path)
		if err == nil {
			run.Files[path] = content
		}
		return content, err
	}
	access, _ := config.ReadAccessFrom(bytes.NewReader(text), config.Sources{File: file, Environment: func(name string) (string, bool) {
		value, ok := a.LookupEnv(name)
		if ok {
			run.Environment[name] = value
		}
		return value, ok
	}})
	for _, c := range access.Connections {
		if c.SAML != nil && c.SAML.MetadataFile != "" {
			_, _ = file(c.SAML.MetadataFile) // the server says that it was not sent
		}
	}
}

// tokenFor returns the token to show to a server: of --token-file, of DESKBRIDGE_TOKEN,
// or of `deskbridge login` there. None stands in the list of arguments, which other
// users of the machine see.
func tokenFor(a *command.App) (string, error) {
	if a.TokenFile != "" {
		return a.ReadSecret(a.TokenFile)
	}
	if token := strings.TrimSpace(a.Getenv("DESKBRIDGE_TOKEN")); token != "" {
		return token, nil
	}
	l, err := Stored(a, a.Server)
	if errors.Is(err, os.ErrNotExist) {
		return "", command.Misuse("there is no token for %s: `deskbridge login --server %[1]s` gets one, or give one by DESKBRIDGE_TOKEN or --token-file", a.Server)
	}
	return l.Token, err
}
