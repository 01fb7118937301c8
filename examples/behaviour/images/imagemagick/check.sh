# Debian's policy refuses PDF.
for format in png jpg gif webp tiff bmp svg pdf; do once $format 2>&1 || echo "ends with $?"; done
