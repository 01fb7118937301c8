<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:date="http://exslt.org/dates-and-times"><xsl:output method="html"/>
<xsl:template match="/"><p><xsl:value-of select="//word"/> <xsl:value-of select="date:year('2025-01-01')"/></p></xsl:template></xsl:stylesheet>
