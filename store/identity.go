package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
)

type identityRow struct {
	ID                string `gorm:"primaryKey"`
	ConnectionID      string
	UserName          string
	UserNameFolded    string
	ExternalID        string
	DisplayName       string // as a filter on displayName sees it
	DisplayNameFolded string
	Status            string
	Profile           string
	Emails            string
	Attributes        string
	Document          *string
	Version           int64
	CreatedAt         int64 `gorm:"autoCreateTime:false"`
	UpdatedAt         int64 `gorm:"autoUpdateTime:false"`
}

func (identityRow) TableName() string { return "identities" }

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
		Status:            string(id.Status),
		Document:          document,
		Version:           id.Version,
		CreatedAt:         fromTime(id.CreatedAt),
		UpdatedAt:         fromTime(id.UpdatedAt),
	}
	for column, v := range map[*string]any{&row.Profile: id.Profile, &row.Emails: emails, &row.Attributes: id.Attributes} {
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

func (row identityRow) identity() (provision.Identity, error) {
	id := provision.Identity{
		ID:         provision.IdentityID(row.ID),
		Connection: provision.ConnectionID(row.ConnectionID),
		UserName:   row.UserName,
		ExternalID: row.ExternalID,
		Status:     provision.Status(row.Status),
		Version:    row.Version,
		CreatedAt:  toTime(row.CreatedAt),
		UpdatedAt:  toTime(row.UpdatedAt),
	}
	if row.Document != nil {
		id.Document = json.RawMessage(*row.Document)
	}
	err := errors.Join(
		json.Unmarshal([]byte(row.Profile), &id.Profile),
		json.Unmarshal([]byte(row.Emails), &id.Emails),
		json.Unmarshal([]byte(row.Attributes), &id.Attributes),
	)
	if err != nil {
		return id, fmt.Errorf("store: identity %s: %w", row.ID, err)
	}
	if len(id.Emails) == 0 {
		id.Emails = nil
	}
	return id, nil
}

// live selects the people of a connection who are not removed. The condition
// is spelled as in the partial indexes, so that these serve.
func live(db *gorm.DB, c provision.ConnectionID) *gorm.DB {
	return db.Where("connection_id = ? AND status <> 'removed'", string(c))
}

// Identity implements [provision.Identities].
func (s *Store) Identity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error) {
	return takeIdentity(live(s.read(ctx), c).Where("id = ?", string(id)))
}

// LockIdentity implements [provision.Identities].
func (s *Store) LockIdentity(ctx context.Context, c provision.ConnectionID, id provision.IdentityID) (provision.Identity, error) {
	return takeIdentity(locked(live(s.write(ctx), c)).Where("id = ?", string(id)))
}

// IdentityByExternalID implements [provision.Identities].
func (s *Store) IdentityByExternalID(ctx context.Context, c provision.ConnectionID, externalID string) (provision.Identity, error) {
	return takeIdentity(live(s.read(ctx), c).Where("external_id = ? AND external_id <> ''", externalID))
}

// Tombstone implements [provision.Identities].
func (s *Store) Tombstone(ctx context.Context, c provision.ConnectionID, userName, externalID string) (provision.Identity, error) {
	same := s.read(ctx).Where("user_name_folded = ?", provision.Fold(userName))
	if externalID != "" {
		same = same.Where("external_id = ''").Or("external_id = ? AND external_id <> ''", externalID)
	}
	return takeIdentity(s.read(ctx).Where("connection_id = ? AND status = 'removed'", string(c)).Where(same).
		Order("updated_at DESC, id DESC"))
}

func takeIdentity(db *gorm.DB) (provision.Identity, error) {
	var row identityRow
	if err := db.Take(&row).Error; err != nil {
		return provision.Identity{}, translateRead(err, "user")
	}
	return row.identity()
}

// LockIdentities implements [provision.Identities].
func (s *Store) LockIdentities(ctx context.Context, c provision.ConnectionID, list []provision.IdentityID) ([]provision.Identity, error) {
	return findIdentities(locked(s.write(ctx)).
		Where("connection_id = ? AND id IN ("+s.sql.list+")", string(c), bindIDs(list)).Order("id"))
}

func findIdentities(db *gorm.DB) ([]provision.Identity, error) {
	var rows []identityRow
	if err := db.Find(&rows).Error; err != nil {
		return nil, err
	}
	return convert(rows, identityRow.identity)
}

// InsertIdentity implements [provision.Identities].
func (s *Store) InsertIdentity(ctx context.Context, id provision.Identity) error {
	row, err := newIdentityRow(id)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(tx *Store) error {
		if err := tx.write(ctx).Create(&row).Error; err != nil {
			return translate(err, "user")
		}
		return tx.insertEmails(ctx, id)
	})
}

// SaveIdentity implements [provision.Identities].
func (s *Store) SaveIdentity(ctx context.Context, id provision.Identity) error {
	row, err := newIdentityRow(id)
	if err != nil {
		return err
	}
	return s.transact(ctx, func(tx *Store) error {
		saved := tx.write(ctx).Model(&identityRow{}).Where("id = ? AND connection_id = ?", row.ID, row.ConnectionID).
			Select("*").Omit("ID").Updates(&row)
		if err := missing(saved, "user"); err != nil {
			return err
		}
		return tx.saveEmails(ctx, id)
	})
}
