package server

import (
	"cmp"
	"os"
	"os/user"
	"strconv"
	"strings"
	"unicode"
)

// Actor returns who runs a command, as the audit log names them: cli:USER@HOST,
// by the operating system, and cli:USER(SUDO_USER)@HOST behind sudo. It is as
// trustworthy as the machine: whoever may run commands may write to the
// database.
func Actor() string {
	name := ""
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if name = word(name); name == "" {
		name = "uid-" + strconv.Itoa(os.Getuid())
	}
	if by := word(os.Getenv("SUDO_USER")); by != "" && by != name {
		name += "(" + by + ")"
	}
	host, _ := os.Hostname() // without one there is none to name
	return "cli:" + name + "@" + cmp.Or(word(host), "unknown")
}

// word returns what of s may stand in a name: 64 characters that can be seen.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 64 {
		return string(runes[:64])
	}
	return s
}
