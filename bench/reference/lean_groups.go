package reference

import (
	"net/http"
	"time"

	"github.com/elimity-com/scim"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// leanGroups is the [scim.ResourceHandler] of groups.
type leanGroups struct{ db *gorm.DB }

// memberBatch is how many rows one INSERT takes.
const memberBatch = 1000

func (h *leanGroups) resource(r *http.Request, row groupRow) (scim.Resource, error) {
	var members []memberRow
	if err := h.db.WithContext(r.Context()).Where("group_id = ?", row.ID).Find(&members).Error; err != nil {
		return scim.Resource{}, err
	}
	list := make([]any, len(members))
	for i, m := range members {
		list[i] = map[string]any{"value": m.MemberID}
	}
	return scim.Resource{ID: row.ID, Attributes: scim.ResourceAttributes{"displayName": row.Name, "members": list},
		Meta: scim.Meta{Created: &row.CreatedAt, LastModified: &row.UpdatedAt}}, nil
}

func addMembers(tx *gorm.DB, group string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	rows := make([]memberRow, len(ids))
	for i, id := range ids {
		rows[i] = memberRow{GroupID: group, MemberID: id}
	}
	return tx.Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(&rows, memberBatch).Error
}

// Create is part of [scim.ResourceHandler].
func (h *leanGroups) Create(r *http.Request, attributes scim.ResourceAttributes) (scim.Resource, error) {
	now := time.Now().UTC()
	row := groupRow{ID: uuid.NewString(), Name: text(attributes, "displayName"), CreatedAt: now, UpdatedAt: now}
	err := h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&row).Error; err != nil {
			return err
		}
		return addMembers(tx, row.ID, memberIDs(attributes["members"]))
	})
	if err != nil {
		return scim.Resource{}, leanError(err, row.ID)
	}
	return h.resource(r, row)
}

// Get is part of [scim.ResourceHandler].
func (h *leanGroups) Get(r *http.Request, id string) (scim.Resource, error) {
	var row groupRow
	if err := h.db.WithContext(r.Context()).Where("id = ?", id).Take(&row).Error; err != nil {
		return scim.Resource{}, leanError(err, id)
	}
	return h.resource(r, row)
}

// GetAll is part of [scim.ResourceHandler].
func (h *leanGroups) GetAll(r *http.Request, params scim.ListRequestParams) (scim.Page, error) {
	query := h.db.WithContext(r.Context()).Model(&groupRow{}).Session(&gorm.Session{})
	var total int64
	if err := query.Count(&total).Error; err != nil {
		return scim.Page{}, err
	}
	var rows []groupRow
	if err := query.Order("id").Offset(params.StartIndex - 1).Limit(params.Count).Find(&rows).Error; err != nil {
		return scim.Page{}, err
	}
	page := scim.Page{TotalResults: int(total), Resources: make([]scim.Resource, len(rows))}
	for i, row := range rows {
		var err error
		if page.Resources[i], err = h.resource(r, row); err != nil {
			return scim.Page{}, err
		}
	}
	return page, nil
}

// Replace is part of [scim.ResourceHandler].
func (h *leanGroups) Replace(r *http.Request, id string, attributes scim.ResourceAttributes) (scim.Resource, error) {
	err := h.change(r, id, func(tx *gorm.DB) error {
		if err := tx.Where("group_id = ?", id).Delete(&memberRow{}).Error; err != nil {
			return err
		}
		return addMembers(tx, id, memberIDs(attributes["members"]))
	})
	if err != nil {
		return scim.Resource{}, err
	}
	return h.Get(r, id)
}

// Patch is part of [scim.ResourceHandler]. It answers 204, so that its cost
// follows the change and not the group.
func (h *leanGroups) Patch(r *http.Request, id string, operations []scim.PatchOperation) (scim.Resource, error) {
	members, err := membersOf(operations)
	if err != nil {
		return scim.Resource{}, err
	}
	return scim.Resource{}, h.change(r, id, func(tx *gorm.DB) error {
		if len(members.remove) > 0 {
			if err := tx.Where("group_id = ? AND member_id IN ?", id, members.remove).Delete(&memberRow{}).Error; err != nil {
				return err
			}
		}
		return addMembers(tx, id, members.add)
	})
}

func (h *leanGroups) change(r *http.Request, id string, edit func(tx *gorm.DB) error) error {
	err := h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		found := tx.Model(&groupRow{}).Where("id = ?", id).Update("updated_at", time.Now().UTC())
		if found.Error != nil || found.RowsAffected == 0 {
			return gorm.ErrRecordNotFound
		}
		return edit(tx)
	})
	return leanError(err, id)
}

// Delete is part of [scim.ResourceHandler].
func (h *leanGroups) Delete(r *http.Request, id string) error {
	return h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Where("group_id = ?", id).Delete(&memberRow{}).Error; err != nil {
			return err
		}
		return tx.Where("id = ?", id).Delete(&groupRow{}).Error
	})
}
