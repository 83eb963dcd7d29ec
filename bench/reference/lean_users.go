package reference

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// leanUsers is the [scim.ResourceHandler] of people.
type leanUsers struct{ db *gorm.DB }

func fill(row *userRow, attributes scim.ResourceAttributes) error {
	delete(attributes, "groups")
	document, err := json.Marshal(attributes)
	row.UserName, row.ExternalID, row.Document = strings.ToLower(text(attributes, "userName")), nil, string(document)
	if external := text(attributes, "externalId"); external != "" {
		row.ExternalID = &external
	}
	row.UpdatedAt = time.Now().UTC()
	return err
}

func emailRows(id string, attributes scim.ResourceAttributes) []emailRow {
	var rows []emailRow
	for _, address := range emailsOf(attributes) {
		rows = append(rows, emailRow{UserID: id, Value: address})
	}
	return rows
}

func leanError(err error, id string) error {
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return scimerrors.ScimErrorUniqueness
	case errors.Is(err, gorm.ErrRecordNotFound):
		return scimerrors.ScimErrorResourceNotFound(id)
	}
	return err
}

// Create is part of [scim.ResourceHandler].
func (h *leanUsers) Create(r *http.Request, attributes scim.ResourceAttributes) (scim.Resource, error) {
	row := userRow{ID: uuid.NewString(), CreatedAt: time.Now().UTC()}
	if err := fill(&row, attributes); err != nil {
		return scim.Resource{}, err
	}
	err := h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		if emails := emailRows(row.ID, attributes); len(emails) > 0 {
			return tx.Create(&emails).Error
		}
		return nil
	})
	if err != nil {
		return scim.Resource{}, leanError(err, row.ID)
	}
	return row.resource(nil)
}

func (h *leanUsers) groupsOf(r *http.Request, ids ...string) (map[string][]groupRow, error) {
	var found []struct {
		groupRow
		MemberID string
	}
	err := h.db.WithContext(r.Context()).Table("lean_groups").Select("lean_groups.id, lean_groups.name, m.member_id").
		Joins("JOIN lean_members m ON m.group_id = lean_groups.id").Where("m.member_id IN ?", ids).Scan(&found).Error
	out := map[string][]groupRow{}
	for _, f := range found {
		out[f.MemberID] = append(out[f.MemberID], f.groupRow)
	}
	return out, err
}

// Get is part of [scim.ResourceHandler].
func (h *leanUsers) Get(r *http.Request, id string) (scim.Resource, error) {
	var row userRow
	if err := h.db.WithContext(r.Context()).Where("id = ?", id).Take(&row).Error; err != nil {
		return scim.Resource{}, leanError(err, id)
	}
	groups, err := h.groupsOf(r, id)
	if err != nil {
		return scim.Resource{}, err
	}
	return row.resource(groups[id])
}

// GetAll is part of [scim.ResourceHandler].
func (h *leanUsers) GetAll(r *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	c, filtered, err := readFilter(params)
	if err != nil {
		return scim.Page{}, err
	}
	query := h.db.WithContext(r.Context()).Model(&userRow{})
	if filtered {
		switch c.attribute {
		case "userName":
			query = query.Where("user_name = ?", strings.ToLower(c.value))
		case "externalId":
			query = query.Where("external_id = ?", c.value)
		case "emails.value":
			query = query.Where("id IN (SELECT user_id FROM lean_emails WHERE value = ?)", strings.ToLower(c.value))
		default:
			return scim.Page{}, scimerrors.ScimErrorInvalidFilter
		}
	}
	query = query.Session(&gorm.Session{})
	var total int64
	if err := query.Count(&total).Error; err != nil || total == 0 {
		return scim.Page{Resources: []scim.Resource{}}, err
	}
	var rows []userRow
	if err := query.Order("id").Offset(params.StartIndex - 1).Limit(params.Count).Find(&rows).Error; err != nil {
		return scim.Page{}, err
	}
	return h.page(r, total, rows)
}

func (h *leanUsers) page(r *http.Request, total int64, rows []userRow) (scim.Page, error) {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	groups, err := h.groupsOf(r, ids...)
	if err != nil {
		return scim.Page{}, err
	}
	page := scim.Page{TotalResults: int(total), Resources: make([]scim.Resource, len(rows))}
	for i, row := range rows {
		if page.Resources[i], err = row.resource(groups[row.ID]); err != nil {
			return scim.Page{}, err
		}
	}
	return page, nil
}

// change saves what edit makes of a user's attributes.
func (h *leanUsers) change(r *http.Request, id string, edit func(old scim.ResourceAttributes) (scim.ResourceAttributes, error)) (scim.Resource, error) {
	var row userRow
	err := h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		var old scim.ResourceAttributes
		if err := json.Unmarshal([]byte(row.Document), &old); err != nil {
			return err
		}
		before := emailsOf(old)
		fresh, err := edit(old)
		if err != nil {
			return err
		}
		if err := fill(&row, fresh); err != nil {
			return err
		}
		if err := tx.Save(&row).Error; err != nil || slices.Equal(before, emailsOf(fresh)) {
			return err
		}
		if err := tx.Where("user_id = ?", id).Delete(&emailRow{}).Error; err != nil {
			return err
		}
		if emails := emailRows(id, fresh); len(emails) > 0 {
			return tx.Create(&emails).Error
		}
		return nil
	})
	if err != nil {
		return scim.Resource{}, leanError(err, id)
	}
	groups, err := h.groupsOf(r, id)
	if err != nil {
		return scim.Resource{}, err
	}
	return row.resource(groups[id])
}

// Replace is part of [scim.ResourceHandler].
func (h *leanUsers) Replace(r *http.Request, id string, attributes scim.ResourceAttributes) (scim.Resource, error) {
	return h.change(r, id, func(scim.ResourceAttributes) (scim.ResourceAttributes, error) { return attributes, nil })
}

// Patch is part of [scim.ResourceHandler].
func (h *leanUsers) Patch(r *http.Request, id string, operations []scim.PatchOperation) (scim.Resource, error) {
	return h.change(r, id, func(old scim.ResourceAttributes) (scim.ResourceAttributes, error) {
		return old, applyAll(old, operations)
	})
}

// Delete is part of [scim.ResourceHandler].
func (h *leanUsers) Delete(r *http.Request, id string) error {
	return h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Where("member_id = ?", id).Delete(&memberRow{}).Error; err != nil {
			return err
		}
		if err := tx.Where("user_id = ?", id).Delete(&emailRow{}).Error; err != nil {
			return err
		}
		return tx.Where("id = ?", id).Delete(&userRow{}).Error
	})
}
