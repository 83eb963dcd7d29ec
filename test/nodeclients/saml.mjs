// A SAML service provider by others: node-saml. It takes its settings as JSON
// in the first argument, prints the address to start at, reads the SAMLResponse
// that came of it from a line, and prints what it says, or the error.
import { createInterface } from 'node:readline/promises';
import { SAML } from '@node-saml/node-saml';

const { relayState, ...settings } = JSON.parse(process.argv[1]);
const saml = new SAML({
	...settings,
	audience: settings.issuer,
	wantAssertionsSigned: true,
	validateInResponseTo: 'always',
	signatureAlgorithm: 'sha256',
	identifierFormat: null,
});
console.log(JSON.stringify({ url: await saml.getAuthorizeUrlAsync(relayState, undefined, {}) }));
for await (const SAMLResponse of createInterface({ input: process.stdin })) {
	try {
		const { profile } = await saml.validatePostResponseAsync({ SAMLResponse });
		const { issuer, nameID, nameIDFormat, sessionIndex, attributes } = profile;
		console.log(JSON.stringify({ issuer, nameID, nameIDFormat, sessionIndex, attributes }));
	} catch (error) {
		console.log(JSON.stringify({ error: error.message }));
	}
}
