package store

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/erasure"
)

// AnyIdentity implements [erasure.Store].
func (s *Store) AnyIdentity(ctx context.Context, id provision.IdentityID) (provision.Identity, error) {
	return s.takeIdentity(s.read(ctx).Where("id = ?", string(id)))
}

// LockRemoved implements [erasure.Store].
func (s *Store) LockRemoved(ctx context.Context, id provision.IdentityID) (provision.Identity, error) {
	found, err := s.takeIdentity(locked(s.write(ctx)).Where("id = ? AND status = 'removed'", string(id)))
	if err == nil {
		s.order.note(rankIdentity, string(id))
		s.noteLocked(found)
	}
	return found, err
}

// jobOf selects the jobs of an account; few are kept for long.
const jobOf = `kind = 'reconcile' AND args ->> 'account' `

// CountTraces implements [erasure.Store].
func (s *Store) CountTraces(ctx context.Context, id provision.IdentityID) (t erasure.Traces, _ error) {
	const accounts = `(SELECT a.id FROM accounts a WHERE a.identity_id = ?)`
	err := s.read(ctx).Raw(`SELECT
			(SELECT count(*) FROM logins WHERE identity_id = ?) AS logins,
			(SELECT count(*) FROM sessions WHERE identity_id = ?) AS sessions,
			(SELECT count(*) FROM app_sessions WHERE identity_id = ?) AS desk_sessions,
			(SELECT count(*) FROM app_sessions WHERE identity_id = ? AND (ended_at IS NULL OR tell_at IS NOT NULL)) AS notices,
			(SELECT count(*) FROM steps WHERE account_id IN `+accounts+`) AS journal,
			(SELECT count(*) FROM drifts WHERE account_id IN `+accounts+`) AS drifts,
			(SELECT count(*) FROM river_job WHERE `+jobOf+`IN `+accounts+`) AS jobs,
			(SELECT count(*) FROM river_job WHERE state = 'running' AND `+jobOf+`IN `+accounts+`) AS running`,
		id, id, id, id, id, id, id, id).Scan(&t).Error
	return t, err
}

// DeleteTraces implements [erasure.Store].
func (s *Store) DeleteTraces(ctx context.Context, id provision.IdentityID, accounts []provision.AccountID) error {
	return s.InTx(ctx, func(tx *Store) error {
		err := tx.deleteAll(ctx, append(ofPerson(id), deletion{"river_job", jobOf + s.sql.inList, bindIDs(accounts)})...)
		if err != nil {
			return err
		}
		return tx.DeleteAccounts(ctx, accounts)
	})
}

// ofPerson is what goes of somebody who is forgotten, beside accounts and jobs.
func ofPerson(id provision.IdentityID) []deletion {
	return []deletion{
		{"app_sessions", "identity_id = ?", string(id)},
		{"sessions", "identity_id = ?", string(id)},
		{"logins", "identity_id = ?", string(id)},
		{"requests", "identity_id <> '' AND identity_id = ?", string(id)},
		{"members", "member_id = ?", string(id)},
		{"desk_users", "(desk_id, user_id) IN (SELECT desk_id, desk_user FROM accounts WHERE identity_id = ?)", string(id)},
		{"adopted_users", "identity_id = ?", string(id)},
		{"identity_marks", "(connection_id, identity_id) = (SELECT connection_id, id FROM identities WHERE id = ?)", string(id)}}
}
