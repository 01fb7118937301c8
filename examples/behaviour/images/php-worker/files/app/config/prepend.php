<?php
define('STARTED', hrtime(true));
