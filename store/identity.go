package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

const identityTable = "identities"

type identityRow struct {
	ID                string `gorm:"primaryKey"`
	ConnectionID      string
	UserName          string
	UserNameFolded    string
	ExternalID        string
	DisplayName       string // as a filter on displayName sees it
	DisplayNameFolded string
	Source            string
	Status            string
	Profile           string
	Emails            string
	Attributes        string
	ClaimedGroups     string
	Requested         string
	Document          *string
	Terms             *string
	TermsDue          *int64 // when the terms come to mean something else; see [Store.DueTerms]
	Version           int64
	CreatedAt         int64 `gorm:"autoCreateTime:false"`
	UpdatedAt         int64 `gorm:"autoUpdateTime:false"`
}

func (identityRow) TableName() string { return identityTable }

func newIdentityRow(id provision.Identity) (identityRow, error) {
	err := errors.Join(checkText("userName", id.UserName), checkText("externalId", id.ExternalID))
	for _, e := range id.Emails {
		err = errors.Join(err, checkText("emails", e.Value), checkText("emails", e.Type))
	}
	if err != nil {
		return identityRow{}, err
	}
	document, err := canonical(id.Document)
	if err != nil {
		return identityRow{}, err
	}
	display, err := displayName(id.Profile, document)
	if err != nil {
		return identityRow{}, err
	}
	emails := id.Emails
	if emails == nil {
		emails = []provision.Email{}
	}
	row := identityRow{
		ID:                string(id.ID),
		ConnectionID:      string(id.Connection),
		UserName:          id.UserName,
		UserNameFolded:    provision.Fold(id.UserName),
		ExternalID:        id.ExternalID,
		DisplayName:       display,
		DisplayNameFolded: provision.Fold(display),
		Source:            string(id.Source),
		Status:            string(id.Status),
		ClaimedGroups:     toList(id.ClaimedGroups),
		Document:          document,
		Version:           id.Version,
		CreatedAt:         fromTime(id.CreatedAt),
		UpdatedAt:         fromTime(id.UpdatedAt),
		TermsDue:          fromTimePtr(id.TermsDue),
	}
	if row.Terms, err = toTerms(id.Terms); err != nil {
		return identityRow{}, err
	}
	for column, v := range map[*string]any{&row.Profile: id.Profile, &row.Emails: emails, &row.Attributes: id.Attributes, &row.Requested: id.Requested} {
		if *column, err = toJSON(v); err != nil {
			return identityRow{}, err
		}
	}
	return row, nil
}

// displayName returns the attribute by which people are found and sorted: that
// of the resource, and of the profile only where there is no resource. The
// profile's may be made up from other attributes.
func displayName(p provision.Profile, document *string) (string, error) {
	if document == nil {
		return p.DisplayName, checkText("displayName", p.DisplayName)
	}
	var resource struct {
		DisplayName any `json:"displayName"`
	}
	if err := json.Unmarshal([]byte(*document), &resource); err != nil {
		return "", fmt.Errorf("store: document: %w", err)
	}
	name, _ := resource.DisplayName.(string)
	return name, nil
}

// identityColumns are what [scanIdentity] reads, in its order; briefColumns are
// those of an identity that is brief, bareColumns of one that is bare.
const (
	identityColumns = plainColumns + `identities.profile, identities.emails, identities.attributes, identities.claimed_groups, identities.requested`
	briefColumns    = plainColumns + `
		CASE WHEN identities.document IS NULL THEN identities.profile END,
		CASE WHEN identities.document IS NULL THEN identities.emails END,
		CASE WHEN identities.document IS NULL THEN identities.attributes END,
		CASE WHEN identities.document IS NULL THEN identities.claimed_groups END,
		CASE WHEN identities.document IS NULL THEN identities.requested END`
	bareColumns = `identities.id, identities.connection_id, identities.user_name, identities.external_id, identities.source, identities.status,
		NULL, identities.version, identities.created_at, identities.updated_at, identities.terms, identities.terms_due, NULL, NULL, NULL, NULL, NULL`
	plainColumns = `identities.id, identities.connection_id, identities.user_name, identities.external_id, identities.source, identities.status,
		identities.document, identities.version, identities.created_at, identities.updated_at, identities.terms, identities.terms_due, `
)

// scanner is a row that is being read.
type scanner interface{ Scan(into ...any) error }

// scanIdentity reads a row with [identityColumns] or [briefColumns], and what
// stands behind these into more. People are read so, and not by gorm, because
// nothing is read more often.
func scanIdentity(row scanner, more ...any) (provision.Identity, error) {
	var r identityRow
	var parts [5]*string // profile, emails, attributes, claimed groups, requested
	into := append([]any{&r.ID, &r.ConnectionID, &r.UserName, &r.ExternalID, &r.Source, &r.Status, &r.Document, &r.Version, &r.CreatedAt, &r.UpdatedAt, &r.Terms, &r.TermsDue,
		&parts[0], &parts[1], &parts[2], &parts[3], &parts[4]}, more...)
	if err := row.Scan(into...); err != nil {
		return provision.Identity{}, err
	}
	for n, to := range []*string{&r.Profile, &r.Emails, &r.Attributes, &r.ClaimedGroups, &r.Requested} {
		if parts[n] != nil {
			*to = *parts[n]
		}
	}
	return r.identity()
}

// identity returns the row as its domain type. Parts that were not read are
// empty.
func (row identityRow) identity() (provision.Identity, error) {
	id := provision.Identity{
		ID:         provision.IdentityID(row.ID),
		Connection: provision.ConnectionID(row.ConnectionID),
		UserName:   row.UserName,
		ExternalID: row.ExternalID,
		Source:     provision.Source(row.Source),
		Status:     provision.Status(row.Status),
		Version:    row.Version,
		CreatedAt:  toTime(row.CreatedAt),
		UpdatedAt:  toTime(row.UpdatedAt),
	}
	id.TermsDue = toTimePtr(row.TermsDue)
	if row.Terms != nil {
		if err := json.Unmarshal([]byte(*row.Terms), &id.Terms); err != nil {
			return id, fmt.Errorf("store: identity %s: terms: %w", row.ID, err)
		}
	}
	if row.Document != nil {
		id.Document = json.RawMessage(*row.Document)
	}
	for _, part := range []struct {
		text string
		into any
	}{{row.Profile, &id.Profile}, {row.Emails, &id.Emails}, {row.Attributes, &id.Attributes},
		{row.ClaimedGroups, &id.ClaimedGroups}, {row.Requested, &id.Requested}} {
		if part.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return id, fmt.Errorf("store: identity %s: %w", row.ID, err)
		}
	}
	if len(id.Emails) == 0 {
		id.Emails = nil
	}
	if len(id.ClaimedGroups) == 0 {
		id.ClaimedGroups = nil
	}
	return id, nil
}

// live selects the people of a connection who are not removed. The condition
// is spelled as in the partial indexes, so that these serve.
func live(db *gorm.DB, c provision.ConnectionID) *gorm.DB {
	return db.Where("connection_id = ? AND status <> 'removed'", string(c))
}

// Identity implements [directory.Store].
func (s *Store) Identity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error) {
	return s.takeIdentity(live(s.read(ctx), c).Where("id = ?", string(id)))
}

// LockIdentity implements [directory.Store].
func (s *Store) LockIdentity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error) {
	found, err := s.takeIdentity(locked(live(s.write(ctx), c)).Where("id = ?", string(id)))
	if err == nil {
		s.order.note(rankIdentity, string(id))
		s.noteLocked(found)
	}
	return found, err
}

// IdentitiesByExternalID implements [signin.Store].
func (s *Store) IdentitiesByExternalID(ctx context.Context, c provision.ConnectionID, externalID string) ([]provision.Identity, error) {
	if checkText("externalId", externalID) != nil {
		return nil, nil // nobody has it
	}
	return s.findIdentities(live(s.read(ctx), c).Where("external_id = ? AND external_id <> ''", externalID).Limit(2), identityColumns)
}

// Tombstones implements [directory.Store].
func (s *Store) Tombstones(ctx context.Context, c provision.ConnectionID, userName, externalID string) ([]provision.Identity, error) {
	if errors.Join(checkText("userName", userName), checkText("externalId", externalID)) != nil {
		return nil, nil // nobody was called that
	}
	return s.findIdentities(s.read(ctx).Where("id IN ("+tombstoneIDs("@connection", "@name", "@id")+")",
		map[string]any{"connection": string(c), "name": provision.Fold(userName), "id": externalID}).Order("updated_at DESC, id DESC"), identityColumns)
}

func (s *Store) takeIdentity(db *gorm.DB) (provision.Identity, error) {
	found, err := s.findIdentities(db.Limit(1), identityColumns)
	if err != nil {
		return provision.Identity{}, translateRead(err, "user")
	}
	if len(found) == 0 {
		return provision.Identity{}, translate(gorm.ErrRecordNotFound, "user")
	}
	return found[0], nil
}

// LockIdentities implements [entitlement.Store].
func (s *Store) LockIdentities(ctx context.Context, c provision.ConnectionID, list []provision.IdentityID) ([]provision.Identity, error) {
	found, err := s.findIdentities(locked(s.write(ctx)).
		Where("connection_id = ? AND id "+s.sql.inList, string(c), bindIDs(list)).Order("id"), identityColumns)
	s.noteIdentities(found)
	s.noteLocked(found...)
	return found, err
}

// findIdentities reads columns of the rows that db selects.
func (s *Store) findIdentities(db *gorm.DB, columns string) ([]provision.Identity, error) {
	found, _, err := s.findSome(db, columns, 0)
	return found, err
}

// findSome is [Store.findIdentities] that ends with the row with which the
// documents come to so many bytes, unless that is 0. more reports whether it did.
func (s *Store) findSome(db *gorm.DB, columns string, bytes int) (found []provision.Identity, more bool, _ error) {
	var none []identityRow
	built := db.Session(&gorm.Session{DryRun: true}).Table(identityTable).Select(columns).Find(&none)
	if built.Error != nil {
		return nil, false, built.Error
	}
	ctx, full := newFilling(built.Statement.Context, bytes)
	defer full.stop()
	found = []provision.Identity{}
	err := s.each(ctx, built.Statement.SQL.String(), built.Statement.Vars, func(row scanner) error {
		id, err := scanIdentity(row)
		if err != nil {
			return err
		}
		found = append(found, id)
		return full.add(len(id.Document))
	})
	return found, full.is, full.unless(err)
}

// InsertIdentity implements [directory.Store].
func (s *Store) InsertIdentity(ctx context.Context, id provision.Identity) error {
	row, err := newIdentityRow(id)
	if err != nil {
		return err
	}
	return s.InTx(ctx, func(tx *Store) error {
		if err := insert(ctx, tx, "user", []identityRow{row}, false); err != nil {
			return err
		}
		return tx.insertEmails(ctx, id)
	})
}

// SaveIdentity implements [directory.Store].
func (s *Store) SaveIdentity(ctx context.Context, id provision.Identity) error {
	row, err := newIdentityRow(id)
	if err != nil {
		return err
	}
	removed := id.Status == provision.StatusRemoved
	return s.heedNamesakes(ctx, foldedPeople, row.ConnectionID, row.ID, &row.UserNameFolded, removed, func(s *Store) error {
		return s.replaceIdentity(ctx, id, &row)
	})
}

func (s *Store) replaceIdentity(ctx context.Context, id provision.Identity, row *identityRow) error {
	return s.InTx(ctx, func(tx *Store) error {
		if _, there := tx.lockedEmails(id); there {
			sql, args := replacement(ctx, row)
			tx.pg.later(statement{sql: sql, args: args, what: "user"})
		} else if err := missing(tx.write(ctx).Model(&identityRow{}).Where("id = ? AND connection_id = ?", row.ID, row.ConnectionID).
			Select("*").Omit("ID").Updates(row), "user"); err != nil {
			return err
		}
		if err := tx.saveEmails(ctx, id); err != nil {
			return err
		}
		tx.noteLocked(id)
		return nil
	})
}

// noteLocked remembers people whose rows this transaction has locked on
// PostgreSQL: they are there, and have the addresses that they had.
func (s *Store) noteLocked(people ...provision.Identity) {
	if s.pg == nil {
		return
	}
	for _, id := range people {
		if s.pg.emails == nil {
			s.pg.emails = map[personKey][]provision.Email{}
		}
		s.pg.emails[personKey{id.Connection, id.ID}] = id.Emails
	}
}

// lockedEmails returns the addresses of a person whose row this transaction has
// locked; ok is false when it has not, or on SQLite.
func (s *Store) lockedEmails(id provision.Identity) (emails []provision.Email, ok bool) {
	if s.pg == nil {
		return nil, false
	}
	emails, ok = s.pg.emails[personKey{id.Connection, id.ID}]
	return emails, ok
}
