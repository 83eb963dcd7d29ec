// A SCIM service provider by others: scimmy-routers, with users and groups in memory.
// It takes its settings as JSON in the first argument (token; groups: whether users
// show the groups that they are in), prints its base URL, and ends with its input.
import { randomUUID } from 'node:crypto';
import express from 'express';
import SCIMMY from 'scimmy';
import SCIMMYRouters from 'scimmy-routers';

const { token, groups: shown } = JSON.parse(process.argv[1]);
const users = new Map();
const groups = new Map();

SCIMMY.Config.set({ patch: true, filter: true, sort: false, bulk: false });

function declare(Resource, all, name, show) {
	const found = (id) => {
		if (!all.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
		return show(all.get(id));
	};
	SCIMMY.Resources.declare(Resource)
		.ingress((resource, instance) => {
			const next = JSON.parse(JSON.stringify(instance));
			if (resource.id) found(resource.id);
			for (const other of all.values()) {
				if (other.id !== resource.id && other[name].toLowerCase() === next[name].toLowerCase()) throw new SCIMMY.Types.Error(409, 'uniqueness', `${name} is taken`);
			}
			next.id = resource.id ?? randomUUID();
			next.meta = { created: all.get(next.id)?.meta.created ?? new Date(), lastModified: new Date() };
			all.set(next.id, next);
			return show(next);
		})
		.egress((resource) => {
			if (resource.id) return found(resource.id);
			const list = [...all.values()].map(show);
			return resource.filter ? resource.filter.match(list) : list;
		})
		.degress((resource) => {
			found(resource.id);
			all.delete(resource.id);
			for (const group of groups.values()) group.members = (group.members ?? []).filter((m) => m.value !== resource.id);
		});
}

declare(SCIMMY.Resources.User, users, 'userName', (user) => ({
	...user,
	groups: shown ? [...groups.values()].filter((g) => g.members?.some((m) => m.value === user.id)).map((g) => ({ value: g.id, display: g.displayName })) : undefined,
}));
declare(SCIMMY.Resources.Group, groups, 'displayName', (group) => group);

const app = express();
app.use('/scim', new SCIMMYRouters({
	type: 'bearer',
	handler: (request) => {
		if (request.header('Authorization') !== `Bearer ${token}`) throw new Error('Unauthorized');
		return 'desk';
	},
}));
const server = app.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/scim` })));
process.stdin.on('end', () => process.exit()).resume();
