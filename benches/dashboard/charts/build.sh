#!/bin/sh
# Installs what package-lock.json pins and bundles it. What comes out is committed.
set -eu
cd "$(dirname "$0")"
npm ci --no-audit --no-fund
npx esbuild echarts.js --bundle --minify --format=iife --target=es2020 --legal-comments=none \
  --define:process.env.NODE_ENV='"production"' \
  --banner:js="/*! Apache ECharts $(node -p 'require("echarts/package.json").version'), Apache-2.0, parts of it; see echarts.LICENSE. */" \
  --outfile=../assets/echarts.min.js
cp node_modules/echarts/LICENSE ../assets/echarts.LICENSE
cp node_modules/axe-core/axe.min.js ../tests/browser/axe.min.js
cd ..
sha256sum assets/echarts.min.js tests/browser/axe.min.js > charts/SHA256SUMS
cat charts/SHA256SUMS
