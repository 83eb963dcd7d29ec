<?php
/* The people of the test, from people.json. */

$config = [
    'admin' => ['core:AdminPassword'],
    'people' => ['exampleauth:UserPass'],
];

foreach (json_decode(file_get_contents(getenv('TEST_DIR') . '/people.json'), true) as $person) {
    $config['people'][$person['Login'] . ':' . $person['Password']] = [
        'uid' => [$person['Login']],
        'mail' => [$person['Email']],
        'givenName' => [$person['Given']],
        'sn' => [$person['Family']],
        'displayName' => [$person['Given'] . ' ' . $person['Family']],
        'groups' => $person['Groups'] ?? [],
    ];
}
