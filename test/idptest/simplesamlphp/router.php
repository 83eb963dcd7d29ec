<?php
/*
 * For PHP's own web server: scripts may have more behind their name, as in
 * /module.php/core/loginuserpass.php, which that server only understands
 * where a script of that name is at the end. All else are files.
 */

const PAGES = '/usr/share/simplesamlphp/www';

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$end = strpos($path, '.php');
$script = $end === false ? '' : substr($path, 0, $end + 4);
if ($script === '' || strpos($script, '..') !== false || !is_file(PAGES . $script)) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $script;
$_SERVER['PHP_SELF'] = $path;
$_SERVER['SCRIPT_FILENAME'] = PAGES . $script;
$_SERVER['PATH_INFO'] = substr($path, strlen($script));
chdir(dirname(PAGES . $script));
require PAGES . $script;
