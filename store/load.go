package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// The statements behind [Store.LoadForUpdate], [Store.ExistingMatches] and
// [Store.LoadRun] on PostgreSQL. They say what the methods say that SQLite runs
// one after the other, and lock in the same order.
var (
	lockRulesShared = `SELECT pg_advisory_xact_lock_shared($1)`
	rulesOf         = `SELECT ` + columnsOf(&ruleRow{}) + ` FROM rules WHERE connection_id = $1 ORDER BY id`
	lockPerson      = `SELECT ` + identityColumns + ` FROM identities
		WHERE connection_id = $1 AND status <> 'removed' AND id = $2 FOR NO KEY UPDATE`
	// Whether anybody may have been there before: mostly nobody was, and four
	// looks at an index are cheaper than reading and locking what is not there.
	anybodyBefore = `SELECT
		EXISTS (SELECT 1 FROM identities WHERE connection_id = $1 AND source = 'sign-in' AND status <> 'removed') OR
		EXISTS (SELECT 1 FROM identities WHERE connection_id = $1 AND status = 'removed' AND user_name_folded = $2) OR
		EXISTS (SELECT 1 FROM identities WHERE connection_id = $1 AND status <> 'removed' AND external_id = $3 AND external_id <> '') OR
		EXISTS (SELECT 1 FROM identities WHERE connection_id = $1 AND status = 'removed' AND external_id = $3 AND external_id <> '')`
	// The people who may be the one who arrives, found one way or the other and
	// locked by id. The condition on the source is that of an index, which is
	// empty where nobody signed in before SCIM came.
	lockExisting = `SELECT ` + identityColumns + ` FROM identities WHERE connection_id = $1 AND status <> 'removed' AND id IN (
			SELECT id FROM (
				SELECT id FROM identities WHERE connection_id = $1 AND source = 'sign-in' AND status <> 'removed'
				AND (user_name_folded = $2 OR id IN (SELECT identity_id FROM identity_emails WHERE value_folded = ANY($3)))
				ORDER BY id LIMIT 2) AS sign_in_only
			UNION ALL ` + sameExternalID("$1", "$2", "$4") + `
		) ORDER BY id FOR NO KEY UPDATE`
	idpOf        = `SELECT idp FROM connections WHERE id = $1`
	lockOneGroup = `SELECT ` + columnsOf(&groupRow{}) + ` FROM groups WHERE connection_id = $1 AND id = $2 FOR NO KEY UPDATE`
	lockAccounts = `SELECT ` + columnsOf(&accountRow{}) + ` FROM accounts WHERE identity_id = $1 ORDER BY id FOR NO KEY UPDATE`
	// What a run has to know, of an account that $1 names.
	lockOneAccount    = `SELECT ` + columnsOf(&accountRow{}) + ` FROM accounts WHERE id = $1 FOR NO KEY UPDATE`
	deskByID          = `SELECT ` + columnsOf(&deskRow{}) + ` FROM desks WHERE id = $1`
	connectionByID    = `SELECT ` + columnsOf(&connectionRow{}) + ` FROM connections WHERE id = $1`
	lockOneConnection = connectionByID + ` FOR NO KEY UPDATE`
	pauseOfDesk       = `SELECT ` + columnsOf(&deskPauseRow{}) + ` FROM desk_pauses WHERE desk_id = $1`
	stepsOf           = `SELECT ` + columnsOf(&writeRow{}) + ` FROM steps WHERE account_id = $1 ORDER BY id`
	groupsOf          = `SELECT ` + words[Postgres].groups + ` FROM (SELECT $1 AS connection_id, $2 AS id) AS identities`

	tombstones = `SELECT ` + identityColumns + ` FROM identities WHERE id IN (` + tombstoneIDs("$1", "$2", "$3") + `) ORDER BY updated_at DESC, id DESC`
)

// sameExternalID returns the query for the ids of people of a connection who have
// an externalId and are not removed, as [directory.ExistingMatches] wants them.
// The arguments are how they are bound. An externalId may be everybody's: no more
// are read than it takes to see that nobody is meant by it alone.
func sameExternalID(connection, name, externalID string) string {
	some := func(which string) string {
		return `SELECT id FROM (SELECT id FROM identities WHERE connection_id = ` + connection + ` AND status <> 'removed'
			AND external_id = ` + externalID + ` AND external_id <> '' AND ` + which + ` LIMIT 2) AS same`
	}
	return some(`user_name_folded = `+name) + ` UNION ALL ` + some(`status = 'suspended'`) + ` UNION ALL ` + some(`status = 'active'`)
}

// mostTombstones is how many of those with one externalId are looked at.
const mostTombstones = `10`

// tombstoneIDs returns the query for the ids that [directory.Store].Tombstones
// returns. Two looks, because the planner has no index for both.
func tombstoneIDs(connection, name, externalID string) string {
	newest := func(which, most string) string {
		return `SELECT id FROM (SELECT id FROM identities WHERE connection_id = ` + connection + ` AND status = 'removed' AND ` + which + `
			ORDER BY updated_at DESC, id DESC LIMIT ` + most + `) AS gone`
	}
	return newest(`user_name_folded = `+name+` AND (external_id = '' OR `+externalID+` IN ('', external_id))`, `1`) + ` UNION ` +
		newest(`external_id = `+externalID+` AND external_id <> ''`, mostTombstones)
}

// columnsOf returns the columns of a row type.
func columnsOf(row any) string {
	parsed, err := schema.Parse(row, &sync.Map{}, schema.NamingStrategy{})
	if err != nil {
		panic(err) // our own types
	}
	return `"` + strings.Join(parsed.DBNames, `", "`) + `"`
}

// LoadForUpdate implements [directory.Store].
func (s *Store) LoadForUpdate(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (directory.ForUpdate, error) {
	if s.pg == nil {
		return s.loadForUpdate(ctx, c, id)
	}
	s.order.note(rankRules, rulesShared)
	var out directory.ForUpdate
	var people []provision.Identity
	var groups *string
	err := s.pg.send(ctx, append(s.readRules(c, &out.Rules),
		statement{sql: lockPerson, args: []any{string(c), string(id)}, read: readIdentities(&people)},
		statement{sql: lockAccounts, args: []any{string(id)}, read: readAccounts(&out.Accounts)},
		statement{sql: groupsOf, args: []any{string(c), string(id)}, read: eachOf(func(row scanner) error { return row.Scan(&groups) })},
	)...)
	if err != nil {
		return out, translateRead(err, "user")
	}
	if len(people) == 0 {
		return out, translate(gorm.ErrRecordNotFound, "user")
	}
	out.Identity = people[0]
	s.noteLocked(out.Identity)
	s.order.note(rankIdentity, string(id))
	s.noteAccounts(out.Accounts)
	edges, nested, err := groupEdges(provision.MemberID(id), groups)
	if nested {
		edges, err = s.Edges(ctx, c, []provision.MemberID{provision.MemberID(id)})
	}
	out.Edges = edges
	if err == nil && !out.Identity.SCIMManaged() {
		out.IdP, err = s.idpOf(ctx, c)
	}
	return out, err
}

// idpOf returns of which identity provider a connection is, and nothing that has to be
// decrypted.
func (s *Store) idpOf(ctx context.Context, c provision.ConnectionID) (idp provision.IdP, _ error) {
	err := s.each(ctx, idpOf, []any{string(c)}, func(row scanner) error { return row.Scan(&idp) })
	if err == nil && idp == "" {
		err = gorm.ErrRecordNotFound
	}
	return idp, translateRead(err, "connection")
}

// loadForUpdate is [Store.LoadForUpdate] in single steps.
func (s *Store) loadForUpdate(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (out directory.ForUpdate, err error) {
	if out.Rules, err = s.Rules(ctx, c); err != nil {
		return out, err
	}
	if out.Identity, err = s.LockIdentity(ctx, c, id); err != nil {
		return out, err
	}
	if out.Accounts, err = s.LockAccountsOf(ctx, []provision.IdentityID{id}); err != nil {
		return out, err
	}
	if out.Edges, err = s.Edges(ctx, c, []provision.MemberID{provision.MemberID(id)}); err == nil && !out.Identity.SCIMManaged() {
		out.IdP, err = s.idpOf(ctx, c)
	}
	return out, err
}

// LoadGroupForUpdate implements [directory.Store].
func (s *Store) LoadGroupForUpdate(ctx context.Context, c provision.ConnectionID, id provision.GroupID) ([]provision.Rule, provision.Group, error) {
	if s.pg == nil {
		rules, err := s.Rules(ctx, c)
		if err != nil {
			return nil, provision.Group{}, err
		}
		g, err := s.LockGroup(ctx, c, id)
		return rules, g, err
	}
	s.order.note(rankRules, rulesShared)
	var rules []provision.Rule
	var groups []provision.Group
	err := s.pg.send(ctx, append(s.readRules(c, &rules),
		statement{sql: lockOneGroup, args: []any{string(c), string(id)}, read: readRows(&groups, groupRow.group)})...)
	if err != nil {
		return nil, provision.Group{}, translateRead(err, "group")
	}
	if len(groups) == 0 {
		return nil, provision.Group{}, translate(gorm.ErrRecordNotFound, "group")
	}
	s.order.note(rankGroup, string(id))
	s.noteGroup(c, id)
	return rules, groups[0], nil
}

// LoadRun implements [reconcile.Store].
func (s *Store) LoadRun(ctx context.Context, a provision.Account, lockConnection bool) (r reconcile.Run, rules []provision.Rule, _ error) {
	if s.pg == nil {
		return s.loadRun(ctx, a, lockConnection)
	}
	connection := connectionByID
	if lockConnection {
		connection = lockOneConnection
	}
	var accounts []provision.Account
	var desks []provision.Desk
	var connections []provision.Connection
	var pauses []provision.DeskPause
	err := s.pg.send(ctx, append(s.readRules(a.Connection, &rules),
		statement{sql: connection, args: []any{string(a.Connection)}, read: readRows(&connections, s.keys.connection)},
		statement{sql: lockOneAccount, args: []any{string(a.ID)}, read: readAccounts(&accounts)},
		statement{sql: deskByID, args: []any{string(a.Desk)}, read: readRows(&desks, s.keys.desk)},
		statement{sql: stepsOf, args: []any{string(a.ID)}, read: readRows(&r.Unfinished, writeRow.write)},
		statement{sql: pauseOfDesk, args: []any{string(a.Desk)}, read: readRows(&pauses, deskPauseRow.pause)},
	)...)
	if err != nil {
		return r, nil, translateRead(err, "account")
	}
	if len(accounts) == 0 || len(desks) == 0 || len(connections) == 0 {
		return r, nil, translate(gorm.ErrRecordNotFound, "account")
	}
	if r.Account, r.Desk, r.Connection = accounts[0], desks[0], connections[0]; len(pauses) > 0 {
		r.Paused = &pauses[0]
	}
	s.noteRun(a, lockConnection)
	return r, rules, nil
}

// noteRun notes the locks of [Store.LoadRun].
func (s *Store) noteRun(a provision.Account, lockConnection bool) {
	s.order.note(rankRules, rulesShared)
	if lockConnection {
		s.order.note(rankConnection, string(a.Connection))
	}
	s.order.note(rankAccount, string(a.ID))
}

// loadRun is [Store.LoadRun] in single steps.
func (s *Store) loadRun(ctx context.Context, a provision.Account, lockConnection bool) (r reconcile.Run, rules []provision.Rule, err error) {
	if rules, err = s.Rules(ctx, a.Connection); err != nil {
		return r, nil, err
	}
	if lockConnection {
		r.Connection, err = s.LockConnection(ctx, a.Connection)
	} else {
		r.Connection, err = s.Connection(ctx, string(a.Connection))
	}
	if err != nil {
		return r, nil, err
	}
	if r.Account, err = s.LockAccount(ctx, a.ID); err != nil {
		return r, nil, err
	}
	if r.Desk, err = s.Desk(ctx, string(a.Desk)); err != nil {
		return r, nil, err
	}
	if r.Paused, err = s.deskPause(ctx, a.Desk); err != nil {
		return r, nil, err
	}
	r.Unfinished, err = s.OpenWrites(ctx, a.ID)
	return r, rules, err
}

// ExistingMatches implements [directory.Store].
func (s *Store) ExistingMatches(ctx context.Context, c provision.ConnectionID, userName, externalID string, addresses []string) (directory.ExistingMatches, error) {
	if err := errors.Join(checkText("userName", userName), checkText("externalId", externalID), checkText("emails", strings.Join(addresses, " "))); err != nil {
		return directory.ExistingMatches{}, err
	}
	if s.pg == nil {
		return s.existingMatches(ctx, c, userName, externalID, addresses)
	}
	s.order.note(rankRules, rulesShared)
	var out directory.ExistingMatches
	var found []provision.Identity
	folded := provision.Fold(userName)
	anybody := false
	err := s.pg.send(ctx, append(s.readRules(c, &out.Rules),
		statement{sql: anybodyBefore, args: []any{string(c), folded, externalID}, read: eachOf(func(row scanner) error { return row.Scan(&anybody) })})...)
	if err != nil || !anybody {
		return out, err
	}
	var idp provision.IdP
	if err := s.pg.send(ctx,
		statement{sql: lockExisting, args: []any{string(c), folded, addresses, externalID}, read: readIdentities(&found)},
		statement{sql: tombstones, args: []any{string(c), folded, externalID}, read: readIdentities(&out.Tombstones)},
		statement{sql: idpOf, args: []any{string(c)}, read: eachOf(func(row scanner) error { return row.Scan(&idp) })}); err != nil {
		return out, err
	}
	s.noteLocked(found...)
	s.noteIdentities(found)
	for i := range found {
		if externalID != "" && found[i].ExternalID == externalID {
			out.SameExternalID = append(out.SameExternalID, found[i])
		}
		if signsInOnly(&found[i], folded, addresses) {
			out.SignInOnly = append(out.SignInOnly, found[i])
		}
	}
	if len(out.SameExternalID)+len(out.Tombstones) > 0 {
		if out.IdP = idp; idp == "" {
			return out, translate(gorm.ErrRecordNotFound, "connection")
		}
	}
	return out, nil
}

// signsInOnly reports whether SCIM has never described id, who goes by a name or
// by one of addresses, all folded.
func signsInOnly(id *provision.Identity, name string, addresses []string) bool {
	return !id.SCIMManaged() && (provision.Fold(id.UserName) == name ||
		slices.ContainsFunc(id.Emails, func(e provision.Email) bool { return slices.Contains(addresses, provision.Fold(e.Value)) }))
}

// existingMatches is [Store.ExistingMatches] in single steps. On SQLite, where it
// serves, what is read is locked.
func (s *Store) existingMatches(ctx context.Context, c provision.ConnectionID, userName, externalID string, addresses []string) (out directory.ExistingMatches, err error) {
	if out.Rules, err = s.Rules(ctx, c); err != nil {
		return out, err
	}
	if out.SignInOnly, err = s.findIdentities(locked(live(s.write(ctx), c)).
		Where("source = 'sign-in' AND (user_name_folded = ? OR id IN (SELECT identity_id FROM identity_emails WHERE value_folded "+s.sql.inList+"))",
			provision.Fold(userName), toList(addresses)).Order("id").Limit(2), identityColumns); err != nil {
		return out, err
	}
	if externalID != "" {
		if out.SameExternalID, err = s.findIdentities(locked(live(s.write(ctx), c)).Where("id IN ("+sameExternalID("@connection", "@name", "@id")+")",
			map[string]any{"connection": string(c), "name": provision.Fold(userName), "id": externalID}).Order("id"), identityColumns); err != nil {
			return out, err
		}
	}
	s.noteIdentities(slices.Concat(out.SignInOnly, out.SameExternalID))
	if out.Tombstones, err = s.Tombstones(ctx, c, userName, externalID); err != nil {
		return out, err
	}
	if len(out.SameExternalID)+len(out.Tombstones) > 0 {
		out.IdP, err = s.idpOf(ctx, c)
	}
	return out, err
}

// noteIdentities notes the locks of people.
func (s *Store) noteIdentities(found []provision.Identity) {
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = string(found[i].ID)
	}
	s.order.note(rankIdentity, ids...)
}

// readRules are the statements of [Store.Rules]: the lock, and then the rules as
// they are once it is held.
func (s *Store) readRules(c provision.ConnectionID, into *[]provision.Rule) []statement {
	return []statement{
		{sql: lockRulesShared, args: []any{lockRules}},
		{sql: rulesOf, args: []any{string(c)}, read: readRows(into, ruleRow.rule)},
	}
}

func readIdentities(into *[]provision.Identity) func(pgx.Rows) error {
	return eachOf(func(row scanner) error {
		id, err := scanIdentity(row)
		*into = append(*into, id)
		return err
	})
}

func readAccounts(into *[]provision.Account) func(pgx.Rows) error {
	return readRows(into, accountRow.account)
}

// readRows reads rows of type R, whose fields are named like the columns.
func readRows[R, T any](into *[]T, one func(R) (T, error)) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
		if err != nil {
			return err
		}
		*into, err = convert(found, one)
		return err
	}
}
