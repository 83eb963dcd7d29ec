package outcometest

import (
	"net/http"
	"regexp"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/faulty"
)

// fault is one row of the table. It lasts until all that happens under it has
// been looked at, unless it happens so often only.
type fault struct {
	name string
	wire []onWire       // as it befalls requests
	call []faulty.Fault // as it befalls calls, of a desk without requests; nil: it befalls requests only

	// words are what an account may say while the fault lasts; an account that
	// says something else, or nothing, and is not as desired, is a mistake.
	words string
	// wordsOfCalls are the same where it befalls calls; "": they are no others.
	wordsOfCalls string
	// few says that the row is played on a desk that is slow, too: something was
	// done there, or shown, that its connector was not told of.
	few bool
	// lasts says that nobody gets anywhere while it does.
	lasts bool
	// asks says that a desk that keeps no mark of ours may leave in doubt who made
	// a user: an admin is asked, and says that it is the person's.
	asks bool
	// hides says that the desk does not show all that there is: what nobody could
	// know of is not handed over.
	hides bool
}

const (
	notShown = `accepts (changes|new assignees of conversations) but does not show them`
	byHand   = `an admin has to do this by hand`
	broke    = `broke off`
	foreign  = `is a proxy in the way\?`
	// halfKnown is what half a list leads to: what is not on it cannot be found, and
	// is there when it is to be made.
	halfKnown = `refuses to add|has no custom field|did not keep the custom field|Name in use|has this e-mail address|shows no group|has no (group|team|active project)`
	busy      = `cannot answer now \(HTTP 50\d\)`
	// undone is what a connector says that has read back itself.
	undone   = `was refused by support: .* (accepted to .* and )?did not `
	noNumber = `answer to a creation names no number|says that it made a user, and does not show it`
	asked    = `retry --adopt`
)

func err503() error {
	return desk.Errorf(desk.Retryable, "the desk cannot answer now (HTTP 503)")
}

// table is what a desk may do, and what people read of it meanwhile.
var table = []fault{
	{name: "is honest", words: ``},
	{name: "is down", lasts: true, words: busy,
		wire: []onWire{{kind: fail, status: 503}},
		call: []faulty.Fault{{Kind: faulty.Fail, Times: faulty.Always}}},
	{name: "answers 500 to the first write, having done it", few: true, words: busy, wordsOfCalls: broke,
		wire: []onWire{{kind: failAfter, status: 500, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Lost, Times: 1, When: writes}}},
	{name: "answers 500 to every write, having done it", words: busy + "|" + notShown, wordsOfCalls: broke + "|" + notShown,
		wire: []onWire{{kind: failAfter, status: 500}},
		call: []faulty.Fault{{Kind: faulty.Lost, Times: faulty.Always, When: writes}}},
	{name: "fails after the second write", words: busy,
		wire: []onWire{{kind: fail, status: 503, writes: true, skip: 2}},
		call: []faulty.Fault{{Kind: faulty.Fail, Skip: 2, Times: faulty.Always, When: writes, Err: err503()}}},
	{name: "breaks off its answer to the first write", words: broke,
		wire: []onWire{{kind: lost, writes: true, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Lost, Times: 1, When: writes}}},
	{name: "breaks off its answer to the second write", words: broke,
		wire: []onWire{{kind: lost, writes: true, skip: 1, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Lost, Skip: 1, Times: 1, When: writes}}},
	{name: "has not answered the first write when the run is stopped", words: `the run was interrupted`, wordsOfCalls: broke,
		wire: []onWire{{kind: cut, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Lost, Times: 1, When: writes}}},
	{name: "gets every write twice", few: true, words: ``, asks: true,
		wire: []onWire{{kind: twice}},
		call: []faulty.Fault{{Kind: faulty.Twice, Times: faulty.Always}}},
	{name: "says yes to the first write and does nothing", words: notShown + "|" + byHand + "|" + noNumber,
		wire: []onWire{{kind: pretend, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Pretend, Times: 1}}},
	{name: "says yes to every write and does nothing", lasts: true, words: notShown + "|" + byHand + "|" + noNumber + "|" + undone,
		wire: []onWire{{kind: pretend}},
		call: []faulty.Fault{{Kind: faulty.Pretend, Times: faulty.Always}}},
	{name: "does what it said some reads later", few: true, words: notShown + "|" + byHand + "|" + noNumber + "|" + undone,
		wire: []onWire{{kind: later, reads: 3}},
		call: []faulty.Fault{{Kind: faulty.Later, Reads: 3, Times: faulty.Always}}},
	{name: "shows what it did some reads later", words: notShown + "|" + byHand + "|" + undone,
		wire: []onWire{{kind: stale, reads: 4}},
		call: []faulty.Fault{{Kind: faulty.Late, Reads: 3, Times: faulty.Always}}},
	{name: "is behind a page to sign in", lasts: true, words: foreign,
		wire: []onWire{{kind: page}},
		call: []faulty.Fault{{Kind: faulty.Broken, Times: faulty.Always}}},
	{name: "answers the first write with a page, having done it", words: foreign, wordsOfCalls: broke,
		wire: []onWire{{kind: pageAfter, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Lost, Times: 1, When: writes}}},
	{name: "shows half of each list", few: true, words: notShown + "|" + halfKnown + "|fewer than it says there are",
		wire: []onWire{{kind: shortened}}},
	{name: "shows half of each list as if it were all", hides: true, words: notShown + "|" + halfKnown + "|leaves out user|lists no open conversation of desk user \\d+, and counts [1-9]",
		wire: []onWire{{kind: halved}},
		call: []faulty.Fault{{Kind: faulty.Half, Times: faulty.Always}}},
	{name: "asks to be left alone for two seconds", words: `HTTP 429|rate limit`,
		wire: []onWire{{kind: fail, status: 429, header: http.Header{"Retry-After": {"2"}}, times: 1}},
		call: []faulty.Fault{{Kind: faulty.Fail, Err: &desk.Error{Kind: desk.Retryable, Detail: "the desk cannot answer now (HTTP 429)", RetryAfter: 2 * time.Second}}}},
	{name: "refuses our credentials", lasts: true, words: `refuses our credentials`,
		wire: []onWire{{kind: fail, status: 401}},
		call: []faulty.Fault{{Kind: faulty.Fail, Times: faulty.Always, Err: desk.Errorf(desk.Unauthorized, "the desk refuses the token")}}},
	{name: "refuses every write", lasts: true, words: `(was refused by support: |who is still there and active; ).*HTTP 400`,
		wire: []onWire{{kind: fail, status: 400, writes: true}},
		call: []faulty.Fault{{Kind: faulty.Refuse, Times: faulty.Always}}},
	{name: "says once of a known user that there is none", words: `shows that user all the same|the new user \d+ of .* is not there|is not part of .*API`,
		wire: []onWire{{kind: missing, path: regexp.MustCompile(`/([Uu]ser|agent)s?/\d+`), times: 1}},
		call: []faulty.Fault{{Kind: faulty.Missing, Method: faulty.Find, Times: 1}}},
}

func writes(c faulty.Call) bool { return c.Method.Writes() }
