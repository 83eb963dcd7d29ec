package pagetest

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Block is what stands between two fences, or in a comment for this package.
type Block struct {
	File, Language string
	Line           int // of what is between the fences, in the file
	Text           string
	NotRun         string // why it is not run; "" when it is
	SavedAs        string // the file that holds it; "" for none
}

// Runs reports whether the commands of a block are run.
func (b Block) Runs() bool {
	return b.NotRun == "" && b.SavedAs == "" && (b.Language == "sh" || b.Language == "console" || b.Language == hidden)
}

// hidden is the language of commands that readers do not see.
const hidden = "hidden"

var (
	fence   = regexp.MustCompile("^( *)(```+)(\\w*)")
	comment = regexp.MustCompile(`(?s)^\s*<!-- (test|not run|file):\s(.*?)\s*-->$`)
)

// Read returns the blocks of a page.
func Read(file string) ([]Block, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(file, string(text))
}

func parse(file, text string) (blocks []Block, _ error) {
	lines := strings.Split(text, "\n")
	var next Block // what a comment says of the block that follows
	for i := 0; i < len(lines); i++ {
		if strings.HasPrefix(strings.TrimSpace(lines[i]), "<!-- ") {
			first, whole := i, lines[i]
			for !strings.HasSuffix(whole, "-->") && i+1 < len(lines) {
				i++
				whole += "\n" + lines[i]
			}
			switch m := comment.FindStringSubmatch(whole); {
			case m == nil:
			case m[1] == "test":
				blocks = append(blocks, Block{File: file, Language: hidden, Line: first + 1, Text: m[2]})
			case m[1] == "file":
				next.SavedAs = strings.TrimSpace(m[2])
			default:
				next.NotRun = strings.TrimSpace(m[2])
			}
			continue
		}
		m := fence.FindStringSubmatch(lines[i])
		if m == nil {
			if next != (Block{}) && strings.TrimSpace(lines[i]) != "" {
				return nil, fmt.Errorf("%s:%d: no block follows the comment", file, i+1)
			}
			continue
		}
		block := Block{File: file, Language: m[3], Line: i + 2, NotRun: next.NotRun, SavedAs: next.SavedAs}
		next = Block{}
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != m[2]; i++ {
			block.Text += strings.TrimPrefix(lines[i], m[1]) + "\n"
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

// Command is one entry of a shell session, or a whole block of commands.
type Command struct {
	Block
	Shell string
	Want  []string // lines that it must print; of a session only
}

// Commands returns what is run of a block, in order.
func (b Block) Commands() (out []Command) {
	if b.SavedAs != "" {
		return []Command{{Block: b, Shell: fmt.Sprintf("cat >'%s' <<'END OF FILE'\n%sEND OF FILE", b.SavedAs, b.Text)}}
	}
	if b.Language != "console" {
		return []Command{{Block: b, Shell: b.Text}}
	}
	goesOn := false
	for i, line := range strings.Split(strings.TrimRight(b.Text, "\n"), "\n") {
		shell, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case goesOn:
			last := &out[len(out)-1]
			last.Shell += "\n" + line
			goesOn = strings.HasSuffix(line, `\`)
			continue
		case isCommand:
			block := b
			block.Line += i
			out = append(out, Command{Block: block, Shell: shell})
		case len(out) > 0 && strings.TrimSpace(line) != "":
			last := &out[len(out)-1]
			last.Want = append(last.Want, line)
		}
		goesOn = isCommand && strings.HasSuffix(line, `\`)
	}
	return out
}

var (
	varies = regexp.MustCompile(`…|\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?|\s+`)
	wild   = map[bool]string{true: `.*`, false: `\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?`}
)

// Matches reports which of the lines that a page shows does not come out: each
// must be printed, after the one before it. "…" stands for anything, a time for
// any other, and how wide columns are has no meaning. All came out: ok.
func Matches(want []string, out string) (missing string, ok bool) {
	lines := strings.Split(out, "\n")
	for _, shown := range want {
		found := false
		pattern := linePattern(shown)
		for len(lines) > 0 && !found {
			found = pattern.MatchString(lines[0])
			lines = lines[1:]
		}
		if !found {
			return shown, false
		}
	}
	return "", true
}

func linePattern(shown string) *regexp.Regexp {
	shown = strings.TrimSpace(shown)
	var out strings.Builder
	out.WriteString(`^\s*`)
	at := 0
	for _, m := range varies.FindAllStringIndex(shown, -1) {
		out.WriteString(regexp.QuoteMeta(shown[at:m[0]]))
		part := shown[m[0]:m[1]]
		if strings.TrimSpace(part) == "" {
			out.WriteString(`\s+`)
		} else {
			out.WriteString(wild[part == "…"])
		}
		at = m[1]
	}
	out.WriteString(regexp.QuoteMeta(shown[at:]) + `\s*$`)
	return regexp.MustCompile(out.String())
}
