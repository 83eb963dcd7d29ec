-- user: a column, folded
(identities.user_name_folded = ?)
-- ["ada@example.test"]

-- user: a column by case
(identities.external_id <> '' AND identities.external_id <> ?)
-- ["E1"]

-- user: a prefix is a range
(identities.display_name <> '' AND (identities.display_name_folded >= ? AND identities.display_name_folded < ?))
-- ["ad","ae"]

-- user: a part
(instr(identities.user_name_folded, ?) > 0)
-- ["da"]

-- user: an end
(substr(identities.user_name_folded, -?) = ?)
-- [5,".test"]

-- user: nothing is in everything
(1 = 1)
-- null

-- user: no text has a NUL
(1 = 0)
-- null

-- user: presence of what is always there
(1 = 1)
-- null

-- user: presence of what may be absent
(identities.external_id <> '')
-- null

-- user: null
(NOT (identities.external_id <> ''))
-- null

-- user: a flag
(identities.status = 'suspended')
-- null

-- user: a time
(identities.updated_at > ?)
-- [1795953600000000]

-- user: an e-mail
(identities.id IN (SELECT r.identity_id FROM identity_emails r WHERE r.connection_id = ? AND (r.value <> '' AND r.value_folded = ?)))
-- ["c1","ada@example.test"]

-- user: one e-mail that is all of it
(identities.id IN (SELECT r.identity_id FROM identity_emails r WHERE r.connection_id = ? AND ((r.type <> '' AND deskbridge_fold(r.type) = ?) AND (r.is_primary))))
-- ["c1","work"]

-- user: of an e-mail what only the document knows
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND (EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT CASE e1.type WHEN 'object' THEN e1.value -> ? END AS x))) AS e2 WHERE e2.type <> 'null' AND e2.type = 'text' AND deskbridge_fold(e2.value) = ?))))
-- ["$.\"emails\"","$.\"display\"","x"]

-- user: a group, or one around it
(identities.id IN (WITH RECURSIVE inside (id) AS (SELECT g.id FROM groups g WHERE g.connection_id = ? AND (g.id = ?) UNION SELECT m.member_id FROM inside CROSS JOIN members m WHERE m.group_id = inside.id AND m.kind = 'group') SELECT m.member_id FROM inside CROSS JOIN members m WHERE m.group_id = inside.id AND m.kind = 'identity'))
-- ["c1","g1"]

-- user: the name of a group
(identities.id IN (WITH RECURSIVE inside (id) AS (SELECT g.id FROM groups g WHERE g.connection_id = ? AND (g.display_name <> '' AND (g.display_name_folded >= ? AND g.display_name_folded < ?)) UNION SELECT m.member_id FROM inside CROSS JOIN members m WHERE m.group_id = inside.id AND m.kind = 'group') SELECT m.member_id FROM inside CROSS JOIN members m WHERE m.group_id = inside.id AND m.kind = 'identity'))
-- ["c1","sup","suq"]

-- user: a string in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND e1.type = 'text' AND deskbridge_fold(e1.value) = ?))
-- ["$.\"title\"","countess"]

-- user: a string in the document, by case
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1, json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT CASE e1.type WHEN 'object' THEN e1.value -> ? END AS x))) AS e2 WHERE e2.type <> 'null' AND e2.type = 'text' AND instr(e2.value, ?) > 0))
-- ["$.\"name\"","$.\"familyName\"","Lee"]

-- user: a number in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND CASE WHEN e1.type IN ('integer', 'real') THEN e1.value END <= ?))
-- ["$.\"weight\"",1.5]

-- user: a flag in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND e1.type = 'false'))
-- ["$.\"vip\""]

-- user: a time in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND CASE e1.type WHEN 'text' THEN deskbridge_instant(e1.value) END < ?))
-- ["$.\"birth\"",1795953600000000]

-- user: presence in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND e1.value IS NOT CASE e1.type WHEN 'text' THEN '' WHEN 'array' THEN '[]' WHEN 'object' THEN '{}' END))
-- ["$.\"roles\""]

-- user: an extension
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1, json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT CASE e1.type WHEN 'object' THEN e1.value -> ? END AS x))) AS e2, json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT CASE e2.type WHEN 'object' THEN e2.value -> ? END AS x))) AS e3 WHERE e3.type <> 'null' AND e3.type = 'text' AND deskbridge_fold(e3.value) = ?))
-- ["$.\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"","$.\"manager\"","$.\"value\"","m1"]

-- user: an element in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT identities.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND ((EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT CASE e1.type WHEN 'object' THEN e1.value -> ? END AS x))) AS e2 WHERE e2.type <> 'null' AND e2.type = 'text' AND deskbridge_fold(e2.value) = ?)) OR (NOT (EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT CASE e1.type WHEN 'object' THEN e1.value -> ? END AS x))) AS e3 WHERE e3.type <> 'null' AND e3.value IS NOT CASE e3.type WHEN 'text' THEN '' WHEN 'array' THEN '[]' WHEN 'object' THEN '{}' END))))))
-- ["$.\"roles\"","$.\"value\"","agent","$.\"primary\""]

-- user: and, or, not
((NOT (identities.user_name_folded = ?)) AND ((identities.status = 'active') OR 1 = 0))
-- ["a"]

-- group: a column, folded
(groups.display_name <> '' AND groups.display_name_folded = ?)
-- ["support"]

-- group: a member
(groups.id IN (SELECT r.group_id FROM members r WHERE (r.member_id = ?)))
-- ["u1"]

-- group: the name of a member
(groups.id IN (SELECT r.group_id FROM members r WHERE (coalesce(
				(SELECT coalesce(nullif(i.display_name, ''), i.user_name) FROM identities i WHERE r.kind = 'identity' AND i.id = r.member_id),
				(SELECT n.display_name FROM groups n WHERE r.kind = 'group' AND n.id = r.member_id), '') <> '' AND instr(deskbridge_fold(coalesce(
				(SELECT coalesce(nullif(i.display_name, ''), i.user_name) FROM identities i WHERE r.kind = 'identity' AND i.id = r.member_id),
				(SELECT n.display_name FROM groups n WHERE r.kind = 'group' AND n.id = r.member_id), '')), ?) > 0)))
-- ["ada"]

-- group: in the document
(EXISTS (SELECT 1 FROM json_each((SELECT CASE json_type(x) WHEN 'array' THEN x ELSE json_array(json(x)) END FROM (SELECT groups.document -> ? AS x))) AS e1 WHERE e1.type <> 'null' AND e1.type = 'text' AND deskbridge_fold(e1.value) = ?))
-- ["$.\"nickName\"","x"]

-- user: by id
identities.id
-- null

-- user: by id, descending
identities.id DESC
-- null

-- user: by a column
identities.user_name_folded ASC NULLS LAST, identities.id
-- null

-- user: by one that may be absent, descending
nullif(identities.external_id, '') DESC NULLS FIRST, identities.id
-- null

-- user: by a flag
CASE WHEN identities.status = 'active' THEN 1 ELSE 0 END ASC NULLS LAST, identities.id
-- null

-- user: by a time
identities.created_at ASC NULLS LAST, identities.id
-- null

-- user: by the first e-mail
(SELECT nullif(r.value_folded, '') FROM identity_emails r WHERE r.identity_id = identities.id ORDER BY r.is_primary DESC, r.position LIMIT 1) ASC NULLS LAST, identities.id
-- null

-- user: by the document
deskbridge_sort_key(identities.document, ?) ASC NULLS LAST, identities.id
-- ["[\"name\",\"familyName\"]"]

-- group: by name
nullif(groups.display_name_folded, '') ASC NULLS LAST, groups.id
-- null

-- group: by the first member
(SELECT nullif(deskbridge_fold(coalesce(
				(SELECT coalesce(nullif(i.display_name, ''), i.user_name) FROM identities i WHERE r.kind = 'identity' AND i.id = r.member_id),
				(SELECT n.display_name FROM groups n WHERE r.kind = 'group' AND n.id = r.member_id), '')), '') FROM members r WHERE r.group_id = groups.id ORDER BY r.id LIMIT 1) ASC NULLS LAST, groups.id
-- null

