package store

import (
	"context"
	"fmt"
	"math"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// asking is the condition of the index accounts_asking, as it spells it.
const asking = `state IN ('needs-attention', 'on-hold')`

// waitingCauses is the query of [Store.WaitingCauses] for $1, how many accounts of each cause;
// %s is a further condition. What is on hold is so on all desks of a connection at once.
const waitingCauses = `WITH waiting AS (
		SELECT id, identity_id, connection_id, desk_id, state, reason, reason_code, ending_since, loss_since, transfer, updated_at,
			row_number() OVER (of_cause ORDER BY id) AS place, count(*) OVER of_cause AS accounts, min(loss_since) OVER of_cause AS first_loss, min(updated_at) OVER of_cause AS first_change
		FROM accounts WHERE ` + asking + `%s
		WINDOW of_cause AS (PARTITION BY state, reason_code, reason, CASE WHEN state = 'on-hold' THEN connection_id ELSE desk_id END))
	SELECT id, identity_id, connection_id, desk_id, state, reason, reason_code, ending_since, loss_since, transfer, updated_at, accounts, first_loss, first_change
	FROM waiting WHERE place <= $1 ORDER BY state, id`

// heldOn is the query of what is on hold, by cause and desk; %s is a further condition.
const heldOn = `SELECT connection_id, reason_code, reason, desk_id, min(id) FROM accounts WHERE ` + asking + ` AND state = 'on-hold'%s GROUP BY 1, 2, 3, 4 ORDER BY 5`

// heldPeople is the query of how many people a cause of what is on hold concerns; likewise.
const heldPeople = `SELECT connection_id, reason_code, reason, count(DISTINCT identity_id) FROM accounts WHERE ` + asking + ` AND state = 'on-hold'%s GROUP BY 1, 2, 3`

// causeKey is what accounts have in common that wait for the same.
type causeKey struct{ state, code, reason, of string }

// WaitingCauses implements [plan.Store]. All are counted in the database, in one pass; what is
// read of them is named.
func (s *Store) WaitingCauses(ctx context.Context, d provision.DeskID, most int) (out []plan.Cause, _ error) {
	if most == 0 {
		most = math.MaxInt32
	}
	only, first, args := "", "", []any(nil)
	if d != "" {
		only, first, args = " AND desk_id = $1", " AND desk_id = $2", []any{string(d)}
	}
	at := make(map[causeKey]int)
	held, several := false, false
	err := s.each(ctx, fmt.Sprintf(waitingCauses, first), append([]any{most}, args...), func(row scanner) error {
		var r accountRow
		var accounts, changed int64
		var loss *int64
		if err := row.Scan(&r.ID, &r.IdentityID, &r.ConnectionID, &r.DeskID, &r.State, &r.Reason, &r.ReasonCode, &r.EndingSince, &r.LossSince, &r.Transfer, &r.UpdatedAt, &accounts, &loss, &changed); err != nil {
			return err
		}
		key := causeKey{r.State, r.ReasonCode, r.Reason, r.DeskID}
		if provision.AccountState(r.State) == provision.AccountOnHold {
			key.of, held = r.ConnectionID, true
		}
		i, known := at[key]
		if !known {
			i, at[key] = len(out), len(out)
			c := plan.Cause{State: provision.AccountState(r.State), Code: provision.ReasonCode(r.ReasonCode), Reason: r.Reason, Count: int(accounts), People: int(accounts), Changed: toTime(changed)}
			if c.State == provision.AccountOnHold {
				c.Since = toTimePtr(loss)
			} else {
				c.Desks = []provision.DeskID{provision.DeskID(r.DeskID)}
			}
			out = append(out, c)
		}
		a := plan.Affected{Account: provision.Account{ID: provision.AccountID(r.ID), Identity: provision.IdentityID(r.IdentityID), Connection: provision.ConnectionID(r.ConnectionID), Desk: provision.DeskID(r.DeskID),
			State: provision.AccountState(r.State), Reason: r.Reason, ReasonCode: provision.ReasonCode(r.ReasonCode), EndingSince: toTimePtr(r.EndingSince), Loss: provision.Loss{Since: toTimePtr(r.LossSince)}, UpdatedAt: toTime(r.UpdatedAt)}}
		if err := decodeJSON(r.Transfer, &a.Transfer); err != nil {
			return fmt.Errorf("store: account %s: %w", r.ID, err)
		}
		out[i].Accounts = append(out[i].Accounts, a)
		return nil
	})
	if err != nil || !held {
		return out, err
	}
	err = s.each(ctx, fmt.Sprintf(heldOn, only), args, func(row scanner) error {
		var conn, code, reason, desk, id string
		if err := row.Scan(&conn, &code, &reason, &desk, &id); err != nil {
			return err
		}
		if i, known := at[causeKey{string(provision.AccountOnHold), code, reason, conn}]; known {
			out[i].Desks = append(out[i].Desks, provision.DeskID(desk))
			several = several || len(out[i].Desks) > 1
		}
		return nil
	})
	if err != nil || !several { // on one desk nobody has two accounts
		return out, err
	}
	return out, s.each(ctx, fmt.Sprintf(heldPeople, only), args, func(row scanner) error {
		var conn, code, reason string
		var people int64
		if err := row.Scan(&conn, &code, &reason, &people); err != nil {
			return err
		}
		if i, known := at[causeKey{string(provision.AccountOnHold), code, reason, conn}]; known {
			out[i].People = int(people)
		}
		return nil
	})
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
