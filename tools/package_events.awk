# dpkg.log as events: what happens to a package, in the order in which it happens.
#
#     2025-06-24 14:36:25 status unpacked libc6:amd64 2.36-9     ->  libc6:amd64 unpacked
#     2025-06-24 14:36:25 configure libc6:amd64 2.36-9 <none>    ->  libc6:amd64 configure

$3 == "status" && NF >= 5 {
    print $5, $4
}

$3 ~ /^(install|upgrade|configure|trigproc|remove|purge)$/ && NF >= 4 {
    print $4, $3
}
