package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// asking is the condition of the index accounts_asking, as it spells it.
const asking = `state IN ('needs-attention', 'on-hold')`

// waitingGroups counts what waits by cause and desk; %s is a further condition. What is on hold is
// so on all desks of a connection at once.
const waitingGroups = `SELECT state, reason_code, reason, connection_id, desk_id, count(*), min(loss_since), min(updated_at), min(id) FROM accounts WHERE ` + asking + `%s GROUP BY 1, 2, 3, 4, 5`

// heldPeople is the query of how many people a cause of what is on hold concerns; likewise.
const heldPeople = `SELECT reason_code, reason, connection_id, count(*) FROM
	(SELECT DISTINCT reason_code, reason, connection_id, identity_id FROM accounts WHERE ` + asking + ` AND state = 'on-hold'%s) whose GROUP BY 1, 2, 3`

// waitingColumns are what [plan.Affected] says of an account in a cause.
const waitingColumns = `SELECT id, identity_id, connection_id, desk_id, state, reason, reason_code, ending_since, loss_since, transfer, evidence, updated_at FROM accounts WHERE `

// causeKey is what accounts have in common that wait for the same.
type causeKey struct{ state, code, reason, of string }

func keyOf(state, code, reason, conn, desk string) causeKey {
	if provision.AccountState(state) == provision.AccountOnHold {
		return causeKey{state, code, reason, conn}
	}
	return causeKey{state, code, reason, desk}
}

// causesAtOnce is of how many causes one statement reads the first accounts.
const causesAtOnce = 50

// causeList is what is known of causes while they are read.
type causeList struct {
	keys   []causeKey
	first  map[causeKey]string // least id of an account
	causes map[causeKey]*plan.Cause
}

// WaitingCauses implements [plan.Store]. All are counted in the database; of the accounts
// those are read that are named, by an index.
func (s *Store) WaitingCauses(ctx context.Context, d provision.DeskID, most int) ([]plan.Cause, error) {
	only, args := "", []any(nil)
	if d != "" {
		only, args = " AND desk_id = $1", []any{string(d)}
	}
	found := causeList{first: make(map[causeKey]string), causes: make(map[causeKey]*plan.Cause)}
	if err := s.each(ctx, fmt.Sprintf(waitingGroups, only), args, found.group); err != nil {
		return nil, err
	}
	slices.SortFunc(found.keys, func(a, b causeKey) int {
		return cmp.Or(cmp.Compare(a.state, b.state), cmp.Compare(found.first[a], found.first[b]))
	})
	several := false // desks, on which somebody may have an account each
	for _, c := range found.causes {
		slices.Sort(c.Desks)
		several = several || len(c.Desks) > 1
	}
	if several {
		if err := s.each(ctx, fmt.Sprintf(heldPeople, only), args, found.people); err != nil {
			return nil, err
		}
	}
	if most == 0 {
		if err := s.each(ctx, waitingColumns+asking+only+" ORDER BY id", args, found.account); err != nil {
			return nil, err
		}
	} else {
		for some := range slices.Chunk(found.keys, causesAtOnce) {
			query, args := firstOf(some, d, most)
			if err := s.each(ctx, query, args, found.account); err != nil {
				return nil, err
			}
		}
	}
	var out []plan.Cause
	for _, key := range found.keys {
		if c := found.causes[key]; len(c.Accounts) > 0 { // else they were helped meanwhile
			out = append(out, *c)
		}
	}
	return out, nil
}

// firstOf is the query of the first accounts of causes, on a desk ("": on all).
func firstOf(causes []causeKey, d provision.DeskID, most int) (string, []any) {
	args := []any{most}
	bind := func(value string) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	parts := make([]string, len(causes))
	for i, key := range causes {
		of := "desk_id = "
		if provision.AccountState(key.state) == provision.AccountOnHold {
			of = "connection_id = "
		}
		where := of + bind(key.of) + " AND state = " + bind(key.state) + " AND reason_code = " + bind(key.code) + " AND reason = " + bind(key.reason)
		if d != "" {
			where += " AND desk_id = " + bind(string(d))
		}
		parts[i] = "SELECT * FROM (" + waitingColumns + where + " ORDER BY id LIMIT $1) AS cause" + strconv.Itoa(i)
	}
	return strings.Join(parts, " UNION ALL ") + " ORDER BY id", args
}

// group takes in a row of [waitingGroups].
func (l *causeList) group(row scanner) error {
	var state, code, reason, conn, desk, id string
	var n, changed int64
	var loss *int64
	if err := row.Scan(&state, &code, &reason, &conn, &desk, &n, &loss, &changed, &id); err != nil {
		return err
	}
	key := keyOf(state, code, reason, conn, desk)
	c := l.causes[key]
	if c == nil {
		c = &plan.Cause{State: provision.AccountState(state), Code: provision.ReasonCode(code), Reason: reason, Changed: toTime(changed)}
		l.causes[key], l.first[key], l.keys = c, id, append(l.keys, key)
	}
	c.Count += int(n)
	c.People = c.Count // until it is known better
	l.first[key] = min(l.first[key], id)
	if at := toTime(changed); at.Before(c.Changed) {
		c.Changed = at
	}
	if at := toTimePtr(loss); c.State == provision.AccountOnHold && at != nil && (c.Since == nil || at.Before(*c.Since)) {
		c.Since = at
	}
	if !slices.Contains(c.Desks, provision.DeskID(desk)) { // a desk's cause may be of two connections
		c.Desks = append(c.Desks, provision.DeskID(desk))
	}
	return nil
}

// people takes in a row of [heldPeople].
func (l *causeList) people(row scanner) error {
	var code, reason, conn string
	var n int64
	if err := row.Scan(&code, &reason, &conn, &n); err != nil {
		return err
	}
	if c := l.causes[causeKey{string(provision.AccountOnHold), code, reason, conn}]; c != nil {
		c.People = int(n)
	}
	return nil
}

// account takes in a row of [waitingColumns].
func (l *causeList) account(row scanner) error {
	var r accountRow
	if err := row.Scan(&r.ID, &r.IdentityID, &r.ConnectionID, &r.DeskID, &r.State, &r.Reason, &r.ReasonCode, &r.EndingSince, &r.LossSince, &r.Transfer, &r.Evidence, &r.UpdatedAt); err != nil {
		return err
	}
	c := l.causes[keyOf(r.State, r.ReasonCode, r.Reason, r.ConnectionID, r.DeskID)]
	if c == nil { // it began to wait meanwhile
		return nil
	}
	a := plan.Affected{Account: provision.Account{ID: provision.AccountID(r.ID), Identity: provision.IdentityID(r.IdentityID), Connection: provision.ConnectionID(r.ConnectionID), Desk: provision.DeskID(r.DeskID),
		State: provision.AccountState(r.State), Reason: r.Reason, ReasonCode: provision.ReasonCode(r.ReasonCode), EndingSince: toTimePtr(r.EndingSince), Loss: provision.Loss{Since: toTimePtr(r.LossSince)}, UpdatedAt: toTime(r.UpdatedAt)}}
	err := decodeJSON(r.Transfer, &a.Transfer)
	if r.Evidence != nil {
		err = errors.Join(err, json.Unmarshal([]byte(*r.Evidence), &a.Evidence))
	}
	if err != nil {
		return fmt.Errorf("store: account %s: %w", r.ID, err)
	}
	c.Accounts = append(c.Accounts, a)
	return nil
}

// HeldIDs implements [report.Store].
func (s *Store) HeldIDs(ctx context.Context, c provision.ConnectionID) (out []report.HeldID, _ error) {
	err := s.each(ctx, `SELECT id, identity_id, reason_code, loss_cause FROM accounts WHERE connection_id = $1 AND state = 'on-hold' ORDER BY id`, []any{string(c)}, func(row scanner) error {
		var id, person, code, cause string
		if err := row.Scan(&id, &person, &code, &cause); err != nil {
			return err
		}
		out = append(out, report.HeldID{Account: provision.AccountID(id), Person: provision.IdentityID(person), Code: provision.ReasonCode(code), Cause: cause})
		return nil
	})
	return out, err
}
