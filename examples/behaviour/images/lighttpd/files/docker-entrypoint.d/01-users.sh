#!/bin/bash
printf 'guest:%s\n' "$(openssl passwd -apr1 -salt saltsalt "${GUEST_PASSWORD:-secret}")" > /etc/lighttpd/users
